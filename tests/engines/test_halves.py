"""Two workers in step: they end together, whichever fails and however. test_ranks has real engines."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from engines import halves
from engines.api import Engine, GenerateRequest, Progress
from engines.errors import (
    DeviceOutOfMemory,
    EngineError,
    ModelNotFound,
    NonFiniteOutput,
    WorkerDied,
)
from engines.fake import FakeEngine, Fault
from engines.halves import Halves
from engines.replicas import Replicas

FAKE_REQUEST = GenerateRequest(prompt="a cat", seed=0, num_steps=4)


def ignore(progress: Progress) -> None:
    """Watch nothing."""


def fake_half(faults: tuple[Fault | None, Fault | None], rank: int, meeting: Path) -> Engine:
    """A half that fails alone; HANG is one that waits for the other's passes."""
    return FakeEngine(faults=[faults[rank]])


def nothing_for_one(rank: int, meeting: Path) -> Engine:
    if rank == 1:
        raise ModelNotFound("No weights here.")
    return FakeEngine()


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ((Fault.OUT_OF_MEMORY, Fault.NAN), DeviceOutOfMemory),
        ((Fault.NAN, Fault.OUT_OF_MEMORY), DeviceOutOfMemory),
        ((Fault.NAN, Fault.NAN), NonFiniteOutput),
        ((None, Fault.OUT_OF_MEMORY), DeviceOutOfMemory),
        ((Fault.HANG, Fault.OUT_OF_MEMORY), DeviceOutOfMemory),
        ((Fault.OUT_OF_MEMORY, Fault.HANG), DeviceOutOfMemory),
        ((Fault.HANG, Fault.CRASH), WorkerDied),
    ],
)
def test_a_half_that_fails_ends_the_request_of_both(
    faults: tuple[Fault | None, Fault | None], error: type[EngineError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halves, "GRACE_SECONDS", 0.5)
    load = partial(fake_half, faults)
    with Replicas([Halves(["first", "second"], [load, load])]) as replicas:
        with pytest.raises(error):
            replicas.generate(FAKE_REQUEST, ignore)
        (pair,) = replicas.replicas
        assert isinstance(pair, Halves)
        pair.loads = (partial(fake_half, (None, None)),) * 2
        if Fault.HANG not in faults:
            assert replicas.generate(FAKE_REQUEST, ignore).num_steps == 4


def test_a_half_that_cannot_load_ends_both() -> None:
    pair = Halves(["first", "second"], [nothing_for_one, nothing_for_one])
    with pytest.raises(ModelNotFound, match="No weights here"):
        Replicas([pair])
    assert not pair.is_alive
