"""Which rung a machine gets, with the sizes of the published model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engines.errors import DeviceOutOfMemory, EngineError
from engines.ladder import (
    LADDER,
    Machine,
    PartSize,
    Precision,
    Rung,
    Sizes,
    choose_rung,
    fits,
    ladder_of,
    next_rung,
    peak_of,
    sentence,
)

BILLION = 10**9
PUBLISHED = Sizes(
    transformer=PartSize(
        num_linear=17_100_000_000, num_other=5_733_184, num_once=3_040_000_000, num_blocks=48
    ),
    encoders=(
        PartSize(num_linear=85_000_000, num_other=38_000_000),
        PartSize(num_linear=632_000_000, num_other=63_000_000),
        PartSize(num_linear=4_630_000_000, num_other=132_000_000),
        PartSize(num_linear=7_505_000_000, num_other=525_000_000),
    ),
    vae=PartSize(num_linear=0, num_other=84_000_000),
)


def machine(gpu: float | None, cpu: float, has_fp8: bool = False) -> Machine:
    """Gigabytes of free memory."""
    return Machine(
        gpu_bytes=None if gpu is None else int(gpu * BILLION), cpu_bytes=int(cpu * BILLION), has_fp8=has_fp8
    )


# A card never has all its memory free: a gigabyte goes to its context and the screen.
@pytest.mark.parametrize(
    ("place", "transformer", "encoders", "residence"),
    [
        (machine(79, 120), Precision.BF16, Precision.BF16, "all"),
        (machine(47, 120), Precision.BF16, Precision.BF16, "in turn"),
        (machine(47, 40), Precision.INT8, Precision.BF16, "in turn"),
        (machine(47, 30), Precision.INT8, Precision.INT8, "all"),
        (machine(31.5, 120), Precision.BF16, Precision.BF16, "in turn"),
        (machine(23, 64), Precision.INT8, Precision.BF16, "in turn"),
        (machine(23, 64, has_fp8=True), Precision.FP8, Precision.BF16, "in turn"),
        (machine(15, 64), Precision.NF4, Precision.INT8, "in turn"),
        (machine(11, 24), Precision.NF4, Precision.INT8, "in turn"),
        (machine(9.8, 64), Precision.INT8, Precision.INT8, "block by block"),
        (machine(7, 24), Precision.NF4, Precision.NF4, "block by block"),
        (machine(None, 128), Precision.BF16, Precision.BF16, "all"),
        (machine(None, 60), Precision.INT8, Precision.BF16, "in turn"),
        (machine(None, 24), Precision.NF4, Precision.NF4, "block by block"),
    ],
)
def test_each_machine_gets_the_best_that_fits(
    place: Machine, transformer: Precision, encoders: Precision, residence: str
) -> None:
    rung = choose_rung(PUBLISHED, place)
    assert (rung.transformer, rung.encoders, rung.residence) == (transformer, encoders, residence)
    assert fits(peak_of(rung, PUBLISHED, place), place)


def test_everything_in_16_bit_is_the_61_6_gb_of_the_published_model() -> None:
    weights = [PUBLISHED.transformer, *PUBLISHED.encoders, PUBLISHED.vae]
    assert sum(each.num_bytes(Precision.BF16) for each in weights) == pytest.approx(61.6e9, rel=0.005)


def test_too_small_a_machine_hears_what_it_would_need() -> None:
    with pytest.raises(DeviceOutOfMemory, match=r"needs at least 6\.\d GB of free GPU memory .* 3\.0 GB"):
        choose_rung(PUBLISHED, machine(3, 64))


def test_stepping_down_always_needs_less_and_ends() -> None:
    place = machine(79, 120)
    rung: Rung | None = LADDER[0]
    peaks = []
    while rung is not None:
        peaks.append(peak_of(rung, PUBLISHED, place).gpu_bytes)
        rung = next_rung(rung, PUBLISHED, place)
    assert len(peaks) > 3
    assert peaks == sorted(set(peaks), reverse=True)


def test_no_step_down_to_a_format_the_gpu_lacks() -> None:
    rung = next_rung(LADDER[1], PUBLISHED, machine(47, 120))
    assert rung is not None
    assert rung.transformer is Precision.INT8


def test_one_line_says_what_and_why() -> None:
    place = machine(23, 64)
    line = sentence(choose_rung(PUBLISHED, place), PUBLISHED, place)
    assert line.startswith(
        "Transformer in int8, text encoders in bfloat16, each on the device only while it works"
    )
    assert "of 23.0 GB free; the next better way needs 31." in line
    place = machine(79, 120)
    assert sentence(LADDER[0], PUBLISHED, place).endswith("of 79.0 GB free.")


@pytest.mark.parametrize("precision", [Precision.BF16, Precision.INT8, Precision.NF4])
def test_a_chosen_precision_is_kept_on_every_rung(precision: Precision) -> None:
    ladder = ladder_of(precision)
    assert {rung.transformer for rung in ladder} == {precision}
    assert len(ladder) == len(set(ladder)) >= 4
    place, small = machine(79, 120), machine(13, 120)
    assert choose_rung(PUBLISHED, place, ladder).transformer is precision
    rung = choose_rung(PUBLISHED, small, ladder)
    assert fits(peak_of(rung, PUBLISHED, small), small)
    assert sentence(rung, PUBLISHED, small, ladder).startswith(f"Transformer in {precision}, ")
    lower = next_rung(ladder[0], PUBLISHED, place, ladder)
    assert lower is not None
    assert lower.transformer is precision


def test_fp8_by_choice_takes_a_gpu_that_has_it() -> None:
    ladder = ladder_of(Precision.FP8)
    with pytest.raises(EngineError, match=r"takes a GPU of compute capability 8\.9\. Use int8"):
        choose_rung(PUBLISHED, machine(79, 120), ladder)
    with_fp8 = replace(machine(79, 120), has_fp8=True)
    assert choose_rung(PUBLISHED, with_fp8, ladder).transformer is Precision.FP8
