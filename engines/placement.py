"""Where a model runs and in what precision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

__all__ = ["Placement", "choose_placement"]

SMALL_BYTES = 1_000_000_000
"""Models below this run in float32: they fit anywhere, and every device then draws the same picture."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """One device for all parts, one precision for the networks."""

    device: torch.device
    dtype: torch.dtype


def choose_placement(folder: Path) -> Placement:
    """The first CUDA device if there is one, else the processor; large models in bfloat16."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    num_bytes = sum(file.stat().st_size for file in folder.rglob("*.safetensors"))
    return Placement(device=device, dtype=torch.float32 if num_bytes < SMALL_BYTES else torch.bfloat16)
