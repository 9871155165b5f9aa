"""Which judge judges which weights: the shipped one of the smallest world that holds all they know."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.vocabulary import read_vocabulary
from training.errors import BadRecipe
from training.stickers.catalogue import World, world_of
from training.stickers.detector import JUDGES, Detector

__all__ = ["Judge", "judge_of"]

SHIPPED = ("starter", "whole")
"""Folders in JUDGES, the smaller world first."""


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A detector that knows all that the weights know, which is `world`, and its own error on held-out
    pictures, by group."""

    detector: Detector
    world: World
    error: Any


def judge_of(weights: Path, folder: Path | None = None) -> Judge:
    """The judge in `folder`, or the shipped one that fits. Raises BadRecipe, CorruptCheckpoint."""
    if not weights.is_dir():
        raise BadRecipe(f"{weights} is not a folder of weights.")
    world = world_of(read_vocabulary(weights))
    detector = Detector.from_pretrained(folder) if folder else None
    for name in () if folder else SHIPPED:
        if (JUDGES / name).is_dir():
            folder, detector = JUDGES / name, Detector.from_pretrained(JUDGES / name)
            if detector.knows(world):
                break
    if folder is None or detector is None:
        raise BadRecipe(f"There is no judge in {JUDGES}. Train one: python -m training detector")
    detector.require(world)
    error = json.loads((folder / "report.json").read_text("utf-8"))["held_out"]
    return Judge(detector=detector, world=world, error=error)
