"""Encoders on a ladder's rung: placed when they are loaded, on the device when they read."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engines.ladder import Machine, Precision, Residence, Rung
from engines.placement import Placement, measure
from engines.text import PlainHost, TextStack

CPU = torch.device("cpu")
IN_TURN = Rung(transformer=Precision.BF16, encoders=Precision.BF16, residence="in turn")


def host(folder: Path, cpu_bytes: int) -> Placement:
    """A GPU's rung, played through on the processor."""
    return Placement(
        CPU, IN_TURN, measure(folder / "transformer", folder), Machine(gpu_bytes=10**12, cpu_bytes=cpu_bytes)
    )


@pytest.mark.parametrize(
    ("residence", "gpu_bytes", "cpu_bytes", "expected"),
    [
        ("all", 10**12, 10**12, True),
        ("all", 4 * 10**9, 10**12, False),
        ("all", 10**12, 0, False),
        ("in turn", 10**12, 10**12, False),
        ("block by block", 10**12, 10**12, False),
        ("all", None, 10**12, True),
        ("all", None, 0, False),
    ],
)
def test_a_llama_talks_between_steps_where_all_stay_and_there_is_room(
    tiny_folder: Path, residence: Residence, gpu_bytes: int | None, cpu_bytes: int, expected: bool
) -> None:
    rung = Rung(transformer=Precision.BF16, encoders=Precision.BF16, residence=residence)
    sizes = measure(tiny_folder / "transformer", tiny_folder)
    machine = Machine(gpu_bytes=gpu_bytes, cpu_bytes=cpu_bytes)
    assert Placement(CPU, rung, sizes, machine).keeps_all == expected


@pytest.mark.parametrize("cpu_bytes", [10**12, 0], ids=["kept", "read anew"])
def test_encoders_take_turns_and_say_the_same(tiny_folder: Path, cpu_bytes: int) -> None:
    place = host(tiny_folder, cpu_bytes)
    assert place.keeps_encoders == (cpu_bytes > 0)
    expected = TextStack.from_pretrained(tiny_folder, torch.bfloat16, host=PlainHost())
    text = TextStack.from_pretrained(tiny_folder, torch.bfloat16, host=place)
    for words in (["a cat"], ["a dog", ""]):
        ours, theirs = text.encode(words).context, expected.encode(words).context
        assert torch.equal(ours.llama_LBTC, theirs.llama_LBTC)
        assert torch.equal(ours.t5_BTC, theirs.t5_BTC)
        assert torch.equal(ours.pooled_BC, theirs.pooled_BC)
    assert len(place.networks) == (4 if cpu_bytes else 0)
    assert (place.turns.present is None) == (cpu_bytes == 0)
