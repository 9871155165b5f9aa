"""A few sessions of several owners on the running app: the small form of python -m tests.bench.load."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.bench.load import Level, compare, opened, run_level, run_limits

NUM_SESSIONS, NUM_TURNS, NUM_OWNERS, OF_OWNER = 12, 2, 3, 4


def test_no_reply_is_anothers_and_too_many_messages_are_told_to_wait(tmp_path: Path) -> None:
    narrow = ("--jobs-of-owner", str(OF_OWNER), "--fake-step-seconds", "0.05")
    with opened(tmp_path / "data", *narrow, num_owners=NUM_OWNERS) as app:
        level = asyncio.run(run_level(app, NUM_SESSIONS, NUM_TURNS, (0.0, 0.1)))
        limits = asyncio.run(run_limits(app, [0], 3 * OF_OWNER, OF_OWNER))
    assert (level.turns, level.not_done) == (NUM_SESSIONS * NUM_TURNS, 0)
    assert (level.crossed, level.missing) == (0, 0)
    assert 0 < level.start_p95 <= level.overhead_most
    assert limits.refused_at_first > 0
    assert (limits.without_wait, limits.not_done) == (0, 0), "all were served after the wait they were told"


def test_a_word_of_another_session_would_be_counted() -> None:
    level = Level(sessions=2)
    compare(level, 1, "zz1x0zz", {"zz1x0zz"})
    assert (level.crossed, level.missing) == (0, 0)
    compare(level, 1, "zz1x1zz", {"zz1x0zz", "zz2x1zz"})
    assert (level.crossed, level.missing) == (1, 1)
