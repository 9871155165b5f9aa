"""One preset on several devices: an engine on each, or one engine over each two."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import torch

from engines.devices import require_devices as require_known
from engines.engine import DiffusionEngine
from engines.errors import EngineError
from engines.halves import Halves
from engines.load_engine import load_engine
from engines.presets import Preset, find_preset
from engines.ranks import join_ranks
from engines.replicas import Replica, Replicas
from engines.worker import Worker

__all__ = ["SPLITS", "Split", "load_engines", "require_devices"]

Split = Literal["replicas", "guidance"]
SPLITS: tuple[Split, ...] = get_args(Split)


def load_engines(
    preset: Preset | str,
    weights: Path | None = None,
    *,
    devices: Sequence[str],
    split: Split = "replicas",
) -> Replicas:
    """Load the preset's weights as load_engine does, in processes of their own, on all of `devices`.

    With "replicas" each device draws its own pictures. With "guidance" each two devices draw one together:
    every step takes about half as long, as long as guidance makes two passes of it. Close the engine when
    done. Raises EngineError for devices that cannot be used, and what load_engine raises.
    """
    preset = find_preset(preset) if isinstance(preset, str) else preset
    require_devices(devices, split)
    many = len(devices)
    if split == "replicas":
        replicas: list[Replica] = [
            Worker(device, partial(load_replica, preset, weights, device, many)) for device in devices
        ]
        return Replicas(replicas)
    pairs = zip(devices[::2], devices[1::2], strict=True)
    return Replicas(
        [
            Halves(pair, [partial(load_half, preset, weights, device, many) for device in pair])
            for pair in pairs
        ]
    )


def require_devices(devices: Sequence[str], split: Split = "replicas") -> None:
    """Raises EngineError for devices that are not there, named twice, or of a wrong number or mixture."""
    require_known(devices, torch.cuda.device_count())
    if not devices or (split == "guidance" and len(devices) % 2):
        wanted = "an even number of devices" if split == "guidance" else "at least one device"
        raise EngineError(f"Give {wanted}, not {len(devices)}: for example cuda:0,cuda:1.")
    if split == "guidance" and 0 < devices.count("cpu") < len(devices):
        raise EngineError("The halves of guidance need devices of one kind: all cuda, or all cpu.")


def load_replica(preset: Preset, weights: Path | None, device: str, num_sharing: int) -> DiffusionEngine:
    """In a worker's process: the engine on its device."""
    return load_engine(preset, weights, device=settle(device, num_sharing), num_sharing=num_sharing)


def load_half(
    preset: Preset, weights: Path | None, device: str, num_sharing: int, rank: int, meeting: Path
) -> DiffusionEngine:
    """In a worker's process: the engine of this rank of two, once both have come to `meeting`."""
    place = settle(device, num_sharing)
    ranks = join_ranks(rank, 2, place, meeting)
    return load_engine(preset, weights, device=place, num_sharing=num_sharing, ranks=ranks)


def settle(device: str, num_sharing: int) -> torch.device:
    """Make the device this process's own; processors' threads are divided among those who share them."""
    place = torch.device(device)
    if place.type == "cuda":
        torch.cuda.set_device(place)
    else:
        torch.set_num_threads(max(1, torch.get_num_threads() // num_sharing))
    if sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # all ranks are on this machine
    return place
