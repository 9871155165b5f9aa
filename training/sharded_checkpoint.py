"""A checkpoint that all ranks write, a part each (torch.distributed.checkpoint), and any number can read."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.metadata import TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save

from engines.manifest import file_sha256
from training.distributed import Team
from training.errors import DiskFull

__all__ = ["ShardedCheckpoint", "save_sharded"]

MANIFEST = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A file of the folder."""

    name: str
    num_bytes: int
    sha256: str


def save_sharded(
    folder: Path, step: int, tensors: Mapping[str, Tensor], notes: Mapping[str, str], team: Team
) -> Path:
    """Write the folder `step-NNN`: what DCP writes, and a manifest with each file's hash. Raises DiskFull."""
    path, aside = folder / f"step-{step:08d}", folder / f"step-{step:08d}.part"
    if team.is_first:
        for half in folder.glob("step-*.part"):  # of a run that was killed while it wrote
            shutil.rmtree(half, ignore_errors=True)
    team.wait()
    try:
        save(dict(tensors), checkpoint_id=aside)
    except CheckpointException as error:
        free = shutil.disk_usage(folder).free
        needed = sum(
            each.nbytes for each in tensors.values()
        )  # of all ranks: a sharded tensor says its whole
        if needed < free:
            raise
        raise DiskFull(
            f"The disk is full: a checkpoint of {needed / 1e9:.1f} GB does not fit at {folder}, where "
            f"{free / 1e9:.1f} GB are free. Free some and run the same command again."
        ) from error
    team.wait()
    own = sorted(each for each in aside.iterdir())[team.rank :: team.size]
    parts = [each for some in team.gather([describe(file) for file in own]) for each in some]
    if team.is_first:
        record = {"step": step, "notes": dict(notes), "parts": [asdict(each) for each in parts]}
        with (aside / MANIFEST).open("w", encoding="utf-8") as file:
            json.dump(record, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        shutil.rmtree(path, ignore_errors=True)
        aside.rename(path)
    team.wait()
    return path


def describe(file: Path) -> Part:
    return Part(name=file.name, num_bytes=file.stat().st_size, sha256=file_sha256(file))


@dataclass(frozen=True, kw_only=True)
class ShardedCheckpoint:
    """A folder that save_sharded wrote. It may be read by as many ranks as like."""

    path: Path
    team: Team
    step: int
    names: frozenset[str]
    notes: Mapping[str, str]

    @classmethod
    def open(cls, path: Path, team: Team) -> ShardedCheckpoint:
        """Compare all files with the manifest, each rank its share. Raises ValueError for a difference."""
        fault, record = "", {}
        try:
            record = json.loads((path / MANIFEST).read_text("utf-8"))
            for part in [Part(**each) for each in record["parts"]][team.rank :: team.size]:
                if describe(path / part.name) != part:
                    raise ValueError(f"{part.name} does not match its hash")
        except (OSError, ValueError, KeyError, TypeError) as error:
            fault = str(error) or type(error).__name__
        faults = [each for each in team.gather(fault) if each]
        if faults:
            raise ValueError(faults[0])
        metadata = FileSystemReader(path).read_metadata().state_dict_metadata
        return cls(
            path=path, team=team, step=int(record["step"]), names=frozenset(metadata), notes=record["notes"]
        )

    def read(self, names: Iterable[str]) -> dict[str, Tensor]:
        """Whole tensors on the CPU, by this process alone."""
        metadata = FileSystemReader(self.path).read_metadata().state_dict_metadata
        places: dict[str, Tensor] = {}
        for name in names:
            kept = metadata[name]
            if isinstance(kept, TensorStorageMetadata):
                places[name] = torch.empty(kept.size, dtype=kept.properties.dtype)
        load_alone(self.path, places)
        return places

    def read_into(self, places: Mapping[str, Tensor]) -> None:
        """Each rank reads what it holds of the tensors, together."""
        if self.team.size == 1:
            load_alone(self.path, dict(places))
        else:
            load(dict(places), checkpoint_id=self.path)


def load_alone(path: Path, places: dict[str, Tensor]) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is disabled")  # it is meant to be
        load(places, checkpoint_id=path, no_dist=True)
