"""Checkpoints: written aside and renamed, so that a kill never leaves half of one.

A model that is whole is one safetensors file; one that is sharded a folder that all ranks write
(training/sharded_checkpoint.py). Either is read by any number of processes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import safetensors
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from training.distributed import ALONE, Team, copy_into
from training.errors import CorruptCheckpoint, DiskFull
from training.sharded_checkpoint import ShardedCheckpoint, save_sharded

__all__ = [
    "Checkpoint",
    "below",
    "checkpoints",
    "fill",
    "last_step",
    "latest",
    "load_latest",
    "save_checkpoint",
]

_KEEP = 2


class Saved(Protocol):
    """A checkpoint on disk: the state after `step` updates, and what its stage noted."""

    @property
    def step(self) -> int: ...

    @property
    def notes(self) -> Mapping[str, str]: ...

    @property
    def names(self) -> frozenset[str]: ...

    def read(self, names: Iterable[str]) -> dict[str, Tensor]:
        """Whole tensors, on the CPU."""
        ...

    def read_into(self, places: Mapping[str, Tensor]) -> None:
        """Set tensors, plain or sharded, to what is saved under their names."""
        ...


@dataclass(frozen=True, kw_only=True)
class FileCheckpoint:
    """One safetensors file."""

    path: Path
    step: int
    names: frozenset[str]
    notes: Mapping[str, str]

    @classmethod
    def open(cls, path: Path) -> FileCheckpoint:
        """Raises OSError, ValueError or SafetensorError for a file that is not whole."""
        with safe_open(path, framework="pt") as file:
            notes = dict(file.metadata() or {})
            names = frozenset(file.keys())
        return cls(path=path, step=int(path.stem.split("-")[1]), names=names, notes=notes)

    def read(self, names: Iterable[str]) -> dict[str, Tensor]:
        with safe_open(self.path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in names}

    def read_into(self, places: Mapping[str, Tensor]) -> None:
        with safe_open(self.path, framework="pt") as file:
            for name, place in places.items():
                copy_into(place, file.get_tensor(name))


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state after `step` updates, read."""

    step: int
    tensors: dict[str, Tensor]
    notes: Mapping[str, str] = field(default_factory=dict)


def save_checkpoint(
    folder: Path,
    step: int,
    tensors: Mapping[str, Tensor],
    notes: Mapping[str, str] | None = None,
    team: Team = ALONE,
) -> Path:
    """Write `step-NNN` durably and drop all but the newest two. Raises DiskFull.

    Called by all ranks, which all write where tensors are sharded; else the first one does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(isinstance(each, DTensor) for each in tensors.values()):
        path = save_sharded(folder, step, tensors, notes or {}, team)
    else:
        path = folder / f"step-{step:08d}.safetensors"
        if team.is_first:
            save_whole(path, step, tensors, notes or {})
    if team.is_first:
        for old in checkpoints(folder)[:-_KEEP]:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    team.wait()
    return path


def save_whole(path: Path, step: int, tensors: Mapping[str, Tensor], notes: Mapping[str, str]) -> None:
    aside = path.with_suffix(".part")
    try:
        save_file(
            {name: value.contiguous() for name, value in tensors.items()},
            aside,
            metadata={"step": str(step), **notes},
        )
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
    except (OSError, safetensors.SafetensorError) as error:
        aside.unlink(missing_ok=True)
        needed, free = sum(value.nbytes for value in tensors.values()), shutil.disk_usage(path.parent).free
        if needed < free:
            raise
        raise DiskFull(
            f"The disk is full: a checkpoint of {needed / 1e6:.0f} MB does not fit at {path.parent}, where "
            f"{free / 1e6:.0f} MB are free. Free some and run the same command again: it goes on from "
            f"{'the checkpoint before' if checkpoints(path.parent) else 'the beginning'}."
        ) from error
    aside.rename(path)


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in a folder, files and folders, oldest first."""
    found = [
        *folder.glob("step-*.safetensors"),
        *(each for each in folder.glob("step-????????") if each.is_dir()),
    ]
    return sorted(found, key=lambda path: path.stem)


def latest(folder: Path, team: Team = ALONE) -> tuple[Saved | None, list[str]]:
    """The newest checkpoint that is whole, the same on all ranks, and a sentence for each that is not.

    Raises CorruptCheckpoint where none is.
    """
    complaints: list[str] = []
    for path in reversed(checkpoints(folder)):
        try:
            saved: Saved = ShardedCheckpoint.open(path, team) if path.is_dir() else FileCheckpoint.open(path)
            return saved, complaints
        except (OSError, ValueError, KeyError, safetensors.SafetensorError) as error:
            complaints.append(f"{path.name} cannot be read ({error}); trying the one before.")
    if complaints:
        raise CorruptCheckpoint(f"No checkpoint in {folder} can be read: {' '.join(complaints)}")
    return None, complaints


def last_step(run: Path) -> int:
    """Of the newest checkpoint of a stage's run, by its name, 0 without one."""
    found = checkpoints(run / "checkpoints")
    return int(found[-1].stem.split("-")[1]) if found else 0


def load_latest(folder: Path, prefix: str = "") -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that can be read, its tensors whose names begin with `prefix`, and complaints."""
    saved, complaints = latest(folder)
    if saved is None:
        return None, complaints
    tensors = saved.read(name for name in saved.names if name.startswith(prefix))
    return Checkpoint(step=saved.step, tensors=tensors, notes=saved.notes), complaints


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
