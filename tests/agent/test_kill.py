from __future__ import annotations

import secrets
from pathlib import Path

from agent.artifacts import Artifacts
from agent.domain import PictureOptions
from agent.sessions import Sessions
from tests.bench.kill import Losses, look_through, run_kills
from tests.bench.victim import OWNER, Acknowledgement, open_folder

NUM_KILLS = 8


def test_nothing_finished_is_lost_and_nothing_unfinished_hides(tmp_path: Path) -> None:
    seed = secrets.randbits(31)
    print(f"seed {seed}: python -m tests.bench.kill --kills {NUM_KILLS} --seed {seed}")
    losses = run_kills(tmp_path, NUM_KILLS, seed)
    assert losses.total == 0, losses.table()
    assert losses.kills == NUM_KILLS
    assert losses.finished_turns > 0, "the harness saw turns at work"


def test_the_harness_sees_every_kind_of_loss(tmp_path: Path) -> None:
    agent = open_folder(tmp_path)
    session = agent.sessions.create(OWNER)
    for text in ("draw a dog", "draw a cat"):
        list(agent.coordinator.run(session.id, OWNER, text))
    torn, missing = [turn.artifacts[0].sha256 for turn in agent.sessions.turns(session.id, OWNER)]
    agent.close()
    artifacts = Artifacts(tmp_path / "pictures")
    artifacts.path(torn).write_bytes(artifacts.read(torn)[:-20])
    artifacts.path(missing).unlink()
    losses = Losses()
    lost = Acknowledgement(turn_id="f" * 32, reply="Here is #1.", shown=())
    look_through(tmp_path, [lost], losses)
    assert (losses.lost_turns, losses.torn_files, losses.rows_without_file) == (1, 1, 1)
    assert losses.total == 3


def test_a_turn_cut_off_is_marked_and_can_be_retried(tmp_path: Path) -> None:
    agent = open_folder(tmp_path)
    session = agent.sessions.create(OWNER)
    cut_off = agent.sessions.open_turn(session.id, OWNER, "draw a dog", PictureOptions())
    agent.close()
    after = open_folder(tmp_path)
    (turn,) = after.sessions.turns(session.id, OWNER)
    assert (turn.id, turn.status) == (cut_off.id, "stopped")
    list(after.coordinator.retry(turn.id, OWNER))
    (turn,) = after.sessions.turns(session.id, OWNER)
    assert (turn.status, len(turn.artifacts)) == ("done", 1)
    after.close()
    reopened = Sessions(f"sqlite:///{tmp_path}/reverie.db")
    assert reopened.turns(session.id, OWNER) == [turn]
    reopened.close()
