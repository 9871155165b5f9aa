"""Which devices are found, and what a process must be told to see one of them alone."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from engines import devices
from engines.devices import ANY, Device, find_devices, num_cards, visible_cards
from engines.errors import EngineError


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A machine with so many cards; CUDA_VISIBLE_DEVICES is not set."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    def put(number: int) -> None:
        monkeypatch.setattr(devices, "has_driver", lambda: True)
        monkeypatch.setattr(devices, "count_cards", lambda: number)

    return put


def test_by_default_each_card_is_a_device(cards: Callable[[int], None]) -> None:
    cards(2)
    assert find_devices() == (
        Device(name="cuda:0", environment={"CUDA_VISIBLE_DEVICES": "0"}, num_sharing=2),
        Device(name="cuda:1", environment={"CUDA_VISIBLE_DEVICES": "1"}, num_sharing=2),
    )
    assert [each.kind for each in find_devices()] == ["cuda", "cuda"]


@pytest.mark.parametrize("number", [0, 1])
def test_with_one_card_or_none_nothing_is_decided_here(number: int, cards: Callable[[int], None]) -> None:
    cards(number)
    assert find_devices() == (ANY,)
    assert (ANY.kind, ANY.environment, ANY.num_sharing) == (None, {}, 1)


def test_cards_are_not_counted_for_those_who_use_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "visible_cards", lambda: pytest.fail("they were counted"))
    assert find_devices(uses_cards=False) == (ANY,)
    assert [each.name for each in find_devices(["cpu", "cpu"])] == ["cpu", "cpu"]


@pytest.mark.parametrize(
    ("said", "count", "names"),
    [
        ("GPU-aa11, GPU-bb22", 2, ("GPU-aa11", "GPU-bb22")),
        ("3,1", 2, ("3", "1")),
        ("1,7,0", 1, ("1",)),
        ("", 0, ()),
        ("MIG-aa,MIG-bb,MIG-cc", 1, ("MIG-aa", "MIG-bb", "MIG-cc")),
    ],
)
def test_what_may_be_seen_is_heeded(
    said: str,
    count: int,
    names: tuple[str, ...],
    cards: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After an index that is not there CUDA sees nothing more; of a card's slices it shows one a process."""
    cards(count)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", said)
    assert visible_cards() == names
    if len(names) > 1:
        seen = [each.environment["CUDA_VISIBLE_DEVICES"] for each in find_devices()]
        assert seen == [*names]
        (second,) = find_devices(["cuda:1"])
        assert (second.environment["CUDA_VISIBLE_DEVICES"], second.num_sharing) == (names[1], 1)


def test_processors_share_their_threads_and_see_no_card(
    cards: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    cards(1)
    monkeypatch.setattr(devices.os, "sched_getaffinity", lambda _: range(8), raising=False)
    monkeypatch.setattr(devices.psutil, "cpu_count", lambda logical: 6)
    card, *processors = find_devices(["cuda:0", "cpu", "cpu"])
    assert card.environment == {"CUDA_VISIBLE_DEVICES": "0"}
    shared = {"CUDA_VISIBLE_DEVICES": "-1", "OMP_NUM_THREADS": "3"}
    assert [each.environment for each in processors] == [shared, shared]
    (alone,) = find_devices(["cpu"])
    assert alone.environment == {"CUDA_VISIBLE_DEVICES": "-1"}
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert "OMP_NUM_THREADS" not in find_devices(["cpu", "cpu"])[0].environment


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["gpu"], "gpu is no device: use cuda:0, cuda:1 and so on, or cpu."),
        (["cuda:01"], "cuda:01 is no device"),
        (["cpu", "cuda:2"], "There is no cuda:2: this machine has 2 CUDA devices."),
        (["cuda:1", "cuda:1"], "cuda:1 is named twice"),
    ],
)
def test_what_is_not_there_is_refused(names: list[str], sentence: str, cards: Callable[[int], None]) -> None:
    cards(2)
    with pytest.raises(EngineError, match=sentence):
        find_devices(names)


@pytest.mark.parametrize(("seen", "usable", "count"), [(0, 0, 0), (1, 0, 1), (4, 4, 4), (4, 0, 0)])
def test_where_the_driver_sees_several_torch_has_the_last_word(
    seen: int, usable: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell(found: object) -> int:
        found._obj.value = seen  # type: ignore[attr-defined]
        return 0

    driver = SimpleNamespace(cuInit=lambda flags: 0, cuDeviceGetCount=tell)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: driver)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: usable)
    assert num_cards("libcuda.so.1") == count
    driver.cuInit = lambda flags: 100
    assert num_cards("libcuda.so.1") == 0


def test_a_count_that_breaks_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The C library passes for a driver that knows nothing of CUDA."""
    monkeypatch.setattr(devices, "DRIVER", ctypes.CDLL(None)._name or "libc.so.6")
    with pytest.raises(EngineError, match="could not be counted: name them with --devices"):
        visible_cards()
