"""Which devices there are, found without torch, and how one of them is made a process's own."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import psutil

from engines.errors import EngineError, WorkerDied
from engines.process import begin, end, end_with_starter

__all__ = ["ANY", "Device", "find_devices", "has_driver", "require_devices", "visible_cards"]

CPU = "cpu"
VISIBLE = "CUDA_VISIBLE_DEVICES"
NO_CARD = "-1"
DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
COUNT_SECONDS = 120.0
"""A driver that was asleep takes a while, and so does importing torch from a slow disk."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """The only one that a process sees when `environment` is set before torch is imported.

    `name` is as in "cuda:1"; "" takes what there is, and the first card if there are some. `num_sharing`
    processes divide main memory among them.
    """

    name: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    num_sharing: int = 1

    @property
    def kind(self) -> str | None:
        """Of torch, for the process that sees no other; None where it may choose."""
        return self.name.partition(":")[0] or None


ANY = Device()


def find_devices(names: Sequence[str] = (), *, uses_cards: bool = True) -> tuple[Device, ...]:
    """Those named, else every card for engines that use cards, else one that takes what there is.

    Raises EngineError for names of what is not there.
    """
    asks_for_cards = any(name != CPU for name in names)
    cards = visible_cards() if asks_for_cards or (uses_cards and not names) else ()
    require_devices(names, len(cards))
    wanted = names or [f"cuda:{index}" for index in range(len(cards))]
    if not names and len(wanted) < 2:
        return (ANY,)
    own = {f"cuda:{index}": {VISIBLE: card} for index, card in enumerate(cards)}
    own[CPU] = {VISIBLE: NO_CARD, **threads(wanted.count(CPU))}
    return tuple(Device(name=name, environment=own[name], num_sharing=len(wanted)) for name in wanted)


def require_devices(names: Sequence[str], num_cards: int) -> None:
    """Raises EngineError for what is no device, is not there, or is named twice; processors may be."""
    for name in names:
        kind, _, index = name.partition(":")
        if name == CPU:
            continue
        if kind != "cuda" or not index.isdecimal() or index != str(int(index)):
            raise EngineError(f"{name} is no device: use cuda:0, cuda:1 and so on, or cpu.")
        if int(index) >= num_cards:
            raise EngineError(f"There is no {name}: this machine has {num_cards} CUDA devices.")
        if names.count(name) > 1:
            raise EngineError(f"{name} is named twice: name each device once.")


def threads(num_sharing: int) -> dict[str, str]:
    """So many processes divide the processor among them; who has set a number knows better."""
    if num_sharing < 2 or "OMP_NUM_THREADS" in os.environ:
        return {}
    allowed = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    cores = min(allowed, psutil.cpu_count(logical=False) or allowed)
    return {"OMP_NUM_THREADS": str(max(1, cores // num_sharing))}


def visible_cards() -> tuple[str, ...]:
    """What CUDA_VISIBLE_DEVICES must say for each card that this process may use, in CUDA's order.

    Slices of a card (MIG) are taken as they are named there: of these CUDA shows a process one at most.
    """
    if not has_driver():
        return ()
    said = os.environ.get(VISIBLE)
    names = None if said is None else [name.strip() for name in said.split(",")]
    if names and all(name.startswith("MIG-") for name in names):
        return tuple(names)
    count = count_cards()
    return tuple(map(str, range(count))) if names is None else tuple(names[:count])


def has_driver() -> bool:
    """NVIDIA's; looking for it touches no card."""
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return False
    return True


def count_cards() -> int:
    """In a process of its own: to count them is to begin to use them. Raises EngineError."""
    (lane,) = begin("cards", "The count of graphics cards", tell_count, DRIVER, num_lanes=1)
    try:
        count = lane.receive() if lane.pipe.poll(COUNT_SECONDS) else None
    except WorkerDied:
        count = None
    finally:
        end(lane.process)
        lane.pipe.close()
    if not isinstance(count, int):
        raise EngineError(
            "The graphics cards could not be counted: name them with --devices, or mend the driver."
        )
    return count


def tell_count(driver: str, pipe: Connection) -> None:
    end_with_starter()
    pipe.send(num_cards(driver))


def num_cards(driver: str) -> int:
    """As the driver says; where it sees several, torch has the last word, which may be built for none."""
    cuda, count = ctypes.CDLL(driver), ctypes.c_int()
    if cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count)):
        return 0
    if count.value < 2:
        return count.value
    import torch

    return torch.cuda.device_count()
