"""Turns in one app process, the small form of python -m tests.bench.soak, and a leak that it would see."""

from __future__ import annotations

from pathlib import Path

from tests.bench.soak import Soak, run_turns, soak, watched

WARM_UP, TURNS, MOST_MB = 20, 60, 20.0
LEAKING_TURNS = 40
"""At a megabyte each, twice the bound."""


def test_memory_stays_and_a_leak_would_be_seen(tmp_path: Path) -> None:
    with watched(tmp_path / "data") as (app, keys):
        found = soak(app, keys, TURNS, WARM_UP, num_looks=2)
        assert (found.turns, found.not_done, found.on_the_page) == (TURNS, 0, 1)
        assert found.deleted > 0
        assert found.growth_mb < MOST_MB, found.series
        app.begin_to_lose()
        leaking = Soak(turns=found.turns, sessions=found.sessions, series=found.series[-1:])
        run_turns(app, keys, LEAKING_TURNS, leaking)
        leaking.look(app)
    assert leaking.growth_mb > MOST_MB, leaking.series
