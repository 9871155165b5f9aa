"""Kill the agent's core at random moments and count what was lost: python -m tests.bench.kill --kills 50

A process of its own runs turns (coordinator, SQLite, picture files, fake engine) and acknowledges each
finished one over a pipe. It is killed with SIGKILL; then the data is opened again, as the next start would,
and looked through.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import secrets
import signal
import tempfile
import time
from dataclasses import dataclass, fields
from multiprocessing.connection import Connection
from pathlib import Path

from agent.artifacts import Artifacts
from agent.domain import TurnStatus
from agent.errors import SourceNotFound
from agent.metadata import read_recipe
from agent.sessions import Sessions
from tests.bench.victim import OWNER, Acknowledgement, live

__all__ = ["Losses", "look_through", "run_kills"]

LONGEST_LIFE_SECONDS = 0.5


@dataclass(kw_only=True)
class Losses:
    """Sums over all kills; the first block must stay 0."""

    lost_turns: int = 0
    rows_without_file: int = 0
    torn_files: int = 0
    turns_still_running: int = 0
    stopped_turns_without_a_word: int = 0

    kills: int = 0
    finished_turns: int = 0
    stopped_turns: int = 0
    kills_inside_a_turn: int = 0
    pictures: int = 0
    strays_swept: int = 0

    @property
    def total(self) -> int:
        return (
            self.lost_turns
            + self.rows_without_file
            + self.torn_files
            + self.turns_still_running
            + self.stopped_turns_without_a_word
        )

    def table(self) -> str:
        return "\n".join(
            f"{each.name.replace('_', ' '):32}{getattr(self, each.name):8}" for each in fields(self)
        )


def run_kills(folder: Path, kills: int, seed: int) -> Losses:
    """Start, kill, look through; `kills` times over one data folder."""
    dice = random.Random(seed)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.bench.victim"])
    acknowledged: list[Acknowledgement] = []
    losses = Losses()
    for _ in range(kills):
        reader, writer = context.Pipe(duplex=False)
        process = context.Process(target=live, args=(folder, dice.randrange(2**31), writer))
        process.start()
        writer.close()
        if dice.random() < 0.9:
            reader.poll(60)
        time.sleep(dice.uniform(0, LONGEST_LIFE_SECONDS))
        process.kill()
        process.join()
        if process.exitcode != -signal.SIGKILL:
            raise RuntimeError(f"The process ended by itself with {process.exitcode}.")
        acknowledged += received(reader)
        losses.kills += 1
        look_through(folder, acknowledged, losses)
    return losses


def received(reader: Connection) -> list[Acknowledgement]:
    """All that came whole through the pipe."""
    found: list[Acknowledgement] = []
    try:
        while True:
            found.append(reader.recv())
    except (EOFError, OSError):
        return found
    finally:
        reader.close()


def look_through(folder: Path, acknowledged: list[Acknowledgement], losses: Losses) -> None:
    """Open the data as the next start would and compare it with what was acknowledged."""
    sessions = Sessions(f"sqlite:///{folder}/reverie.db")
    artifacts = Artifacts(folder / "pictures")
    losses.kills_inside_a_turn += sessions.mark_interrupted() > 0
    losses.strays_swept += artifacts.sweep(sessions.hashes())
    turns = {turn.id: turn for session in sessions.list(OWNER) for turn in sessions.turns(session.id, OWNER)}
    for each in acknowledged:
        turn = turns.get(each.turn_id)
        is_whole = turn is not None and (turn.status, turn.reply, turn.shown) == (
            TurnStatus.DONE,
            each.reply,
            each.shown,
        )
        losses.lost_turns += not is_whole
    losses.turns_still_running += sum(turn.status is TurnStatus.RUNNING for turn in turns.values())
    stopped = [turn for turn in turns.values() if turn.status is TurnStatus.STOPPED]
    losses.stopped_turns_without_a_word += sum("Retry" not in turn.reply for turn in stopped)
    losses.finished_turns, losses.stopped_turns = len(acknowledged), len(stopped)
    pictures = [each for turn in turns.values() for each in (*turn.uploads, *turn.artifacts)]
    losses.pictures = len(pictures)
    for picture in pictures:
        if not artifacts.path(picture.sha256).is_file():
            losses.rows_without_file += 1
            continue
        try:
            losses.torn_files += read_recipe(artifacts.read(picture.sha256)) != picture.recipe
        except SourceNotFound:
            losses.torn_files += 1
    sessions.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbits(31))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory() as folder:
        losses = run_kills(Path(folder), arguments.kills, arguments.seed)
    print(losses.table())
    if losses.total:
        raise SystemExit(f"{losses.total} losses")


if __name__ == "__main__":
    main()
