"""A plan is arithmetic on costs a picture: twice the pictures, twice the hours; what does not fit is said."""

from __future__ import annotations

import pytest

from training.commands import main
from training.data.curation.plan import COSTS, NEAR_COPIES, Cluster, plan
from training.errors import BadRecipe


def test_hours_are_work_by_what_does_it() -> None:
    cluster = Cluster(machines=2, cores=10, gpus=4, teraflops=100, gigabytes_a_second=1_000)
    lines = {line.stage: line for line in plan(36_000_000, cluster)}
    hashes = next(cost for cost in COSTS if cost.stage == "hashes")
    assert lines["hashes"].hours == pytest.approx(36e6 * hashes.core_seconds / 20 / 3_600)
    clip = next(cost for cost in COSTS if cost.stage.startswith("CLIP"))
    assert lines[clip.stage].hours == pytest.approx(36e6 * clip.gigaflop / (8 * 100e3) / 3_600)
    assert lines[clip.stage].bound == "GPUs"
    assert not lines[clip.stage].is_measured


def test_near_copies_grow_by_the_measured_exponent() -> None:
    assert NEAR_COPIES.core_seconds(1_000_000) == NEAR_COPIES.core_seconds_a_million
    grown = NEAR_COPIES.core_seconds(10_000_000) / NEAR_COPIES.core_seconds(1_000_000)
    assert grown == pytest.approx(10**NEAR_COPIES.exponent)


def test_a_slow_store_is_what_all_wait_for() -> None:
    lines = plan(1_000_000, Cluster(gigabytes_a_second=0.001))
    assert {line.bound for line in lines if line.stage in ("collect", "hashes")} == {"reading"}


def test_what_one_machine_cannot_hold_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["curate", "--plan", "1000000000", "--machines", "16"]) == 0
    said = capsys.readouterr().out
    assert "near copies holds the whole set in one process" in said
    assert "which is not built" in said
    assert main(["curate", "--plan", "10000000"]) == 0
    assert "not built" not in capsys.readouterr().out


def test_a_plan_for_nothing_gets_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadRecipe, match="at least one picture"):
        plan(0, Cluster())
    assert main(["curate", "--plan", "1000", "--machines", "0"]) == 2
    assert "at least one picture" in capsys.readouterr().err
