"""A checkpoint's averaged weights as the published files are: official names, in parts with an index."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch

from engines.sparse_dit import SparseDiT
from engines.sparse_dit.checkpoint import write_checkpoint_parts
from training.checkpoint import Saved
from training.errors import CorruptCheckpoint

__all__ = ["write_transformer"]

PART_BYTES = 5_000_000_000


def write_transformer(
    folder: Path,
    network: SparseDiT,
    saved: Saved,
    dtype: torch.dtype,
    prefix: str = "ema/",
    part_bytes: int = PART_BYTES,
) -> None:
    """`network` may be on the meta device: it says the names and shapes. Memory holds one part at a time.

    Raises CorruptCheckpoint where the checkpoint is of another network.
    """
    shapes = {name: each.shape for name, each in network.state_dict().items()}
    missing = sorted(name for name in shapes if prefix + name not in saved.names)
    if missing:
        raise CorruptCheckpoint(f"The checkpoint does not fit the recipe: {missing[0]} is missing.")
    groups: list[list[str]] = [[]]
    size = 0
    for name, shape in shapes.items():
        num_bytes = shape.numel() * dtype.itemsize
        if groups[-1] and size + num_bytes > part_bytes:
            groups.append([])
            size = 0
        groups[-1].append(name)
        size += num_bytes
    parts = (
        {
            name.removeprefix(prefix): whole.to(dtype)
            for name, whole in saved.read(prefix + each for each in group).items()
        }
        for group in groups
    )
    write_checkpoint_parts(folder, asdict(network.architecture), parts, len(groups))
