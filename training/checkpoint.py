"""Checkpoints: one safetensors file each, written aside and renamed: a kill never leaves half of one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors
from safetensors.torch import load_file, save_file
from torch import Tensor

from training.errors import CorruptCheckpoint

_KEEP = 2


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state after `step` updates."""

    step: int
    tensors: dict[str, Tensor]


def save_checkpoint(folder: Path, step: int, tensors: Mapping[str, Tensor]) -> Path:
    """Write `step-NNN.safetensors` durably and drop all but the newest two."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{step:08d}.safetensors"
    aside = path.with_suffix(".part")
    save_file(
        {name: value.contiguous() for name, value in tensors.items()}, aside, metadata={"step": str(step)}
    )
    with aside.open("rb+") as file:
        os.fsync(file.fileno())
    aside.rename(path)
    for old in checkpoints(folder)[:-_KEEP]:
        old.unlink()
    return path


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoint files in a folder, oldest first."""
    return sorted(folder.glob("step-*.safetensors"))


def load_latest(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that can be read, and a sentence for each that could not."""
    complaints: list[str] = []
    for path in reversed(checkpoints(folder)):
        try:
            return Checkpoint(step=int(path.stem.split("-")[1]), tensors=load_file(path)), complaints
        except (OSError, ValueError, safetensors.SafetensorError) as error:
            complaints.append(f"{path.name} cannot be read ({error}); trying the one before.")
    if complaints:
        raise CorruptCheckpoint(f"No checkpoint in {folder} can be read: {' '.join(complaints)}")
    return None, complaints
