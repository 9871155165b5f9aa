"""A network from its configuration to numbers, a block at a time: no process ever holds it whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from engines.sparse_dit import SparseDiT
from engines.sparse_dit.checkpoint import read_tensors, weight_files
from engines.sparse_dit.config import SparseDiTConfig
from engines.sparse_dit.initialize import initialize
from training.checkpoint import latest
from training.distributed import Team, copy_into, shard
from training.errors import CorruptCheckpoint

__all__ = ["materialize", "on_meta", "start_from_run", "start_from_weights"]


def on_meta(config: SparseDiTConfig) -> SparseDiT:
    """The network without memory."""
    with torch.device("meta"):
        return SparseDiT(**asdict(config))


def materialize(config: SparseDiTConfig, team: Team, compute: torch.dtype, seed: int) -> SparseDiT:
    """Random weights, the same whatever the team's size; sharded among its processes if there are several.

    Alone, the network is in `compute`; sharded, in float32, and `compute` is what its blocks are gathered in.
    """
    network = on_meta(config)
    units: list[nn.Module] = list(network.blocks())
    for index, block in enumerate(units):
        fill_with_noise(block, team, seed, index + 1)
        if team.size > 1:
            shard(block, team, compute)
    for name, child in network.named_children():
        if not name.endswith("_blocks"):
            fill_with_noise(nn.ModuleDict({name: child}), team, seed, 0, name)
    if team.size > 1:
        shard(network, team, compute)
        return network
    return network.to(compute)


def fill_with_noise(module: nn.Module, team: Team, seed: int, index: int, name: str = "") -> None:
    with torch.random.fork_rng(devices=[team.device] if team.device.type == "cuda" else []):
        torch.manual_seed((seed << 20) + (index << 8) + sum(name.encode()) % 256)
        module.to_empty(device=team.device)
        initialize(module)


def start_from_run(network: SparseDiT, folder: Path, team: Team) -> int:
    """Take the averaged weights of a stage that has run in `folder`; returns its step.

    Raises CorruptCheckpoint.
    """
    saved, _ = latest(folder / "checkpoints", team)
    if saved is None:
        raise CorruptCheckpoint(f"{folder} has no checkpoint yet: run that stage first.")
    places = {f"ema/{name}": each.detach() for name, each in network.named_parameters()}
    missing = sorted(places.keys() - saved.names)
    if missing:
        raise CorruptCheckpoint(f"{folder} holds another network: {missing[0]} is missing.")
    saved.read_into(places)
    return saved.step


def start_from_weights(network: SparseDiT, folder: Path, say: Callable[[str], None]) -> None:
    """Take published weights, a transformer folder in diffusers layout. Raises CorruptCheckpoint."""
    places: Mapping[str, Tensor] = {name: each.detach() for name, each in network.named_parameters()}
    missing = set(places)
    for file in weight_files(folder):
        for name, tensor in read_tensors(file):
            if name not in places or places[name].shape != tensor.shape:
                raise CorruptCheckpoint(f"{file} is of another network: its {name} does not fit.")
            copy_into(places[name], tensor)
            missing.discard(name)
    if missing:
        raise CorruptCheckpoint(f"{folder} lacks {len(missing)} tensors, the first is {min(missing)}.")
    say(f"Starts from the weights at {folder}.")
