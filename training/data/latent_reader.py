"""Reads shards of latents: any picture at once, nothing of the rest."""

# B pictures, C channels, H height, W width

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engines.sizes import Size
from training.data.shards import FORMAT, MANIFEST, Entry, Manifest
from training.errors import CorruptShards

__all__ = ["Bucket", "LatentReader", "Taken"]

Taken = Literal["mean", "draw"]
"""What stands for a picture: its most likely latent, or each time another one of the posterior."""
_OPEN_FILES = 256


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """All pictures of one size, numbered from 0 through the shards that hold them."""

    size: Size
    latent_shape: tuple[int, int, int]
    entries: tuple[Entry, ...]

    @property
    def num_records(self) -> int:
        return sum(each.num_records for each in self.entries)

    def find(self, index: int) -> tuple[Entry, int]:
        """The shard of picture `index`, and its place there."""
        ends = np.cumsum([each.num_records for each in self.entries])
        number = int(np.searchsorted(ends, index, side="right"))
        return self.entries[number], index - int(ends[number] - self.entries[number].num_records)


class LatentReader:
    """The shards of a folder."""

    def __init__(self, folder: Path, encoder: str | None = None) -> None:
        """`encoder`: the hash of the one that is meant. Raises CorruptShards where a file is not what the
        manifest says, by its length; encoding again compares every bit."""
        self.folder = folder
        self.manifest = manifest = read_manifest(folder)
        if encoder is not None and manifest.encoder != encoder:
            raise CorruptShards(
                f"{folder} was encoded by another autoencoder ({manifest.encoder[:12]}, not {encoder[:12]}): "
                "encode the pictures again."
            )
        for entry in manifest.entries:
            file = folder / f"{entry.name}.safetensors"
            found = file.stat().st_size if file.is_file() else 0
            if found != entry.num_bytes:
                raise CorruptShards(
                    f"{file} has {found} bytes instead of {entry.num_bytes}: encode the pictures again; only "
                    "what is damaged is redone."
                )
        by_size: dict[Size, list[Entry]] = {}
        for entry in manifest.entries:
            by_size.setdefault(entry.size, []).append(entry)
        self.buckets = tuple(
            Bucket(size=size, latent_shape=entries[0].latent_shape, entries=tuple(entries))
            for size, entries in by_size.items()
        )
        self._open = lru_cache(_OPEN_FILES)(self._open_file)

    @property
    def num_records(self) -> int:
        return self.manifest.num_records

    @property
    def counts(self) -> list[int]:
        """How many pictures each bucket has."""
        return [bucket.num_records for bucket in self.buckets]

    def latents(
        self,
        bucket: int,
        indices: Sequence[int],
        taken: Taken = "mean",
        rngs: Sequence[np.random.Generator] = (),
    ) -> Tensor:
        """Of those pictures (B, C, H, W), float32. A draw takes its randomness from each picture's `rngs`."""
        means = torch.stack([self._read(bucket, index, "mean") for index in indices]).float()
        if taken == "mean" or not self.buckets[bucket].entries[0].has_log_variance:
            return means
        spread = torch.stack([self._read(bucket, index, "log_variance") for index in indices]).float()
        noise = np.stack([rng.standard_normal(means.shape[1:], np.float32) for rng in rngs])
        return means + (spread / 2).exp() * torch.from_numpy(noise)

    def records(self, bucket: int, indices: Sequence[int]) -> list[str]:
        """What was said of those pictures."""
        found = []
        for index in indices:
            entry, place = self.buckets[bucket].find(index)
            file = self._open(entry.name)
            ends = file.get_slice("record_ends")
            start = int(ends[place - 1 : place][0]) if place else 0
            end = int(ends[place : place + 1][0])
            found.append(bytes(file.get_slice("record_bytes")[start:end].numpy()).decode())
        return found

    def _read(self, bucket: int, index: int, name: str) -> Tensor:
        entry, place = self.buckets[bucket].find(index)
        tensor: Tensor = self._open(entry.name).get_slice(name)[place : place + 1][0]
        return tensor

    def _open_file(self, name: str) -> Any:
        file = self.folder / f"{name}.safetensors"
        try:
            return safe_open(file, framework="pt")
        except (OSError, SafetensorError) as error:
            raise CorruptShards(
                f"{file} cannot be read ({error}): encode the pictures again; only what is damaged is redone."
            ) from error


def read_manifest(folder: Path) -> Manifest:
    """Raises CorruptShards."""
    file = folder / MANIFEST
    if not file.is_file():
        raise CorruptShards(f"{folder} holds no encoded pictures: {MANIFEST} is missing. Encode them first.")
    try:
        manifest = Manifest.from_json(file.read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptShards(
            f"{file} is no manifest of latents ({error}): encode the pictures again."
        ) from error
    if manifest.format != FORMAT:
        raise CorruptShards(
            f"{file} is of format {manifest.format}, not {FORMAT}: encode the pictures again."
        )
    return manifest
