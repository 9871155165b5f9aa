"""Checkpoints: one safetensors file each, written aside and renamed: a kill never leaves half of one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from training.errors import CorruptCheckpoint, DiskFull

_KEEP = 2


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state after `step` updates."""

    step: int
    tensors: dict[str, Tensor]


def save_checkpoint(folder: Path, step: int, tensors: Mapping[str, Tensor]) -> Path:
    """Write `step-NNN.safetensors` durably and drop all but the newest two. Raises DiskFull."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{step:08d}.safetensors"
    aside = path.with_suffix(".part")
    try:
        save_file(
            {name: value.contiguous() for name, value in tensors.items()}, aside, metadata={"step": str(step)}
        )
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
    except (OSError, safetensors.SafetensorError) as error:
        aside.unlink(missing_ok=True)
        needed, free = sum(value.nbytes for value in tensors.values()), shutil.disk_usage(folder).free
        if needed < free:
            raise
        raise DiskFull(
            f"The disk is full: a checkpoint of {needed / 1e6:.0f} MB does not fit at {folder}, where "
            f"{free / 1e6:.0f} MB are free. Free some and run the same command again: it goes on from "
            f"{'the checkpoint before' if checkpoints(folder) else 'the beginning'}."
        ) from error
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


def below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those whose names begin with `prefix`, without it."""
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}


def fill(module: nn.Module, weights: Mapping[str, Tensor], prefix: str = "") -> None:
    """Copy the weights below `prefix` into the module. Raises CorruptCheckpoint when one is missing."""
    own = below(weights, prefix)
    missing = {name for name, _ in module.named_parameters()} - own.keys()
    if missing:
        raise CorruptCheckpoint(f"The checkpoint does not fit the recipe: {sorted(missing)[0]} is missing.")
    module.load_state_dict(own, strict=False)
