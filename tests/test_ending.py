"""The app is told to end: it does, in time, and what it knew is there at the next start."""

from __future__ import annotations

import secrets
from pathlib import Path

from agent.domain import PictureOptions, TurnStatus
from tests.bench.sigterm import MOST_SECONDS, Endings, Heard, look_through, run_endings
from tests.bench.victim import OWNER, open_folder

TIMES = 2


def test_told_to_end_it_ends_in_time_and_loses_nothing(tmp_path: Path) -> None:
    seed = secrets.randbits(31)
    print(f"seed {seed}: python -m tests.bench.sigterm --times {TIMES} --seed {seed}")
    endings = run_endings(tmp_path, TIMES, seed)
    assert endings.total == 0, endings.table()
    assert (endings.times, len(endings.seconds)) == (TIMES, TIMES)
    assert max(endings.seconds) <= MOST_SECONDS
    assert endings.begun > 0, "nobody had begun anything that could be lost"


def test_a_turn_stopped_by_the_end_is_taken_up_by_the_next_start(tmp_path: Path) -> None:
    agent = open_folder(tmp_path)
    session = agent.sessions.create(OWNER)
    events = agent.coordinator.run(session.id, OWNER, "draw a dog")
    while next(events).kind != "progress":
        pass
    agent.close()
    assert [*events][-1].kind == "stopped"
    after = open_folder(tmp_path)
    (turn,) = after.sessions.turns(session.id, OWNER)
    assert (turn.status, bool(turn.reply)) == (TurnStatus.STOPPED, True)
    [*after.coordinator.retry(turn.id, OWNER)]
    (turn,) = after.sessions.turns(session.id, OWNER)
    assert (turn.status, len(turn.artifacts)) == (TurnStatus.DONE, 1)
    after.close()


def test_the_harness_sees_every_kind_of_loss(tmp_path: Path) -> None:
    agent = open_folder(tmp_path)
    session = agent.sessions.create(OWNER)
    [*agent.coordinator.run(session.id, OWNER, "draw a dog")]
    agent.sessions.open_turn(session.id, OWNER, "draw a cat", PictureOptions())
    (dog, _) = agent.sessions.turns(session.id, OWNER)
    agent.artifacts.path(dog.artifacts[0].sha256).unlink()
    agent.close()
    endings = Endings()
    heard = Heard(begun={"draw a dog", "draw a cow"}, answered={"draw a dog", "draw a cat"})
    look_through(tmp_path, heard, endings)
    assert (endings.lost_messages, endings.lost_answers) == (1, 1)
    assert (endings.turns_still_running, endings.turns_without_a_word) == (1, 1)
    assert (endings.pictures_without_file, endings.total) == (1, 5)
