"""TOPIQ (Chen et al. 2023) through pyiqa, which is not ours to ship: its licence forbids commercial use.

An optional extra, imported only where a recipe asks for it; the measures are what all others use.
"""

# N pictures, H height, W width

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import torch
from PIL import Image

from training.data.curation.shards import Sample
from training.data.curation.stage import Annotate, Tables
from training.errors import BadRecipe

__all__ = ["TopiqStage", "topiq_version"]

METRIC = "topiq_nr"


@dataclass(frozen=True, kw_only=True)
class TopiqStage:
    """Column topiq, from about 0 to 1, more is better. Larger pictures are made smaller first."""

    version_of_pyiqa: str
    most_side_px: int = 1024

    name: ClassVar[str] = "topiq"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ()

    def open(self) -> Annotate:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        metric = pyiqa().create_metric(METRIC, device=device)

        def annotate(samples: Sequence[Sample], tables: Tables) -> pa.Table:
            marks = [self._mark(metric, sample.open(), device) for sample in samples]
            return pa.table({"topiq": pa.array(marks, pa.float32())})

        return annotate

    def _mark(self, metric: Any, image: Image.Image, device: torch.device) -> float:
        small = image.copy()
        small.thumbnail((self.most_side_px, self.most_side_px), Image.Resampling.BICUBIC)
        pixels = torch.from_numpy(np.asarray(small.convert("RGB"), np.float32) / 255)
        with torch.inference_mode():
            return float(metric(pixels.permute(2, 0, 1)[None].to(device)))


def topiq_version() -> str:
    """Of the library that is there. Raises BadRecipe where it is not."""
    pyiqa()
    return importlib.metadata.version("pyiqa")


def pyiqa() -> Any:
    try:
        return importlib.import_module("pyiqa")
    except ImportError as error:
        raise BadRecipe(
            f"TOPIQ needs {error.name}: pip install pyiqa. Its licence (PolyForm Noncommercial 1.0.0) "
            "forbids commercial use; the recipe `report` measures sharpness instead and needs none of it."
        ) from error
