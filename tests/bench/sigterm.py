"""Tell the whole app to end at random moments and count the losses: python -m tests.bench.sigterm --times 50

The app runs as its user starts it (page, SQLite, fake engine with slow steps); visitors write to it over its
own HTTP. It gets SIGTERM; how long it takes to end and with what exit code is noted, and the data is opened
and looked through. Then it is started again on the same data.
"""

from __future__ import annotations

import argparse
import random
import secrets
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from agent.artifacts import Artifacts
from agent.domain import TurnStatus
from agent.errors import SourceNotFound
from agent.sessions import Sessions
from agent.tables import ArtifactRow, TurnRow
from tests.browser.server import Server, Visitor

__all__ = ["MOST_SECONDS", "Endings", "run_endings"]

MOST_SECONDS = 20.0
NUM_VISITORS = 2
STEP_SECONDS = 0.15
PATIENCE_SECONDS = ("0", "1", "5")
AT_WORK, ANSWER = '<ul class="lines">', "Here is #1."
"""What the page shows of a turn that is on disk, and of one that is done."""


@dataclass(kw_only=True)
class Endings:
    """Sums over all endings; the first block must stay 0."""

    other_exit_codes: int = 0
    too_slow: int = 0
    lost_messages: int = 0
    lost_answers: int = 0
    turns_still_running: int = 0
    turns_without_a_word: int = 0
    pictures_without_file: int = 0

    times: int = 0
    begun: int = 0
    answered: int = 0
    done_turns: int = 0
    stopped_turns: int = 0
    pictures: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How often a promise was broken."""
        return sum(getattr(self, each.name) for each in fields(self)[:7])

    def table(self) -> str:
        counts = [
            f"{each.name.replace('_', ' '):32}{getattr(self, each.name):8}" for each in fields(self)[:-1]
        ]
        slowest, middle = max(self.seconds), sorted(self.seconds)[len(self.seconds) // 2]
        return "\n".join([*counts, f"seconds to end: median {middle:.1f}, longest {slowest:.1f}"])


@dataclass(kw_only=True)
class Heard:
    """What the visitors know: messages the app has begun with, and those it has answered to the end."""

    begun: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)


def run_endings(folder: Path, times: int, seed: int) -> Endings:
    """Start, write, end, look through; `times` times over one data folder."""
    dice = random.Random(seed)
    endings, heard = Endings(), Heard()
    for number in range(times):
        server = Server(
            folder / "data",
            *("--engine", "fake", "--fake-step-seconds", str(STEP_SECONDS)),
            *("--stop-seconds", dice.choice(PATIENCE_SECONDS)),
        )
        try:
            server.start()
            names = [f"draw a dog, number {number}.{each}" for each in range(NUM_VISITORS)]
            writers = [
                threading.Thread(target=write, args=(server.url, name, dice.randint(1, 3), heard))
                for name in names
            ]
            for writer in writers:
                writer.start()
            time.sleep(dice.uniform(0, 5))
            begun = time.monotonic()
            endings.other_exit_codes += server.stop() != 0
            endings.seconds.append(time.monotonic() - begun)
        finally:
            server.close()
        endings.too_slow += endings.seconds[-1] > MOST_SECONDS
        for writer in writers:
            writer.join()
        endings.times += 1
        look_through(folder / "data", heard, endings)
    endings.begun, endings.answered = len(heard.begun), len(heard.answered)
    return endings


class Writer(Visitor):
    """Each on a page of its own."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.page = secrets.token_hex(8)

    def tell(self, event: int, data: Sequence[Any], page: str = "") -> Iterator[dict[str, Any]]:
        return super().tell(event, data, page or self.page)


def write(url: str, text: str, num_messages: int, heard: Heard) -> None:
    """One message after another, each in a chat of its own, until the app is gone."""
    with suppress(httpx.HTTPError):
        visitor = Writer(url)
        with closing(visitor.http):
            for count in range(num_messages):
                name = f"{text}.{count}"
                for message in visitor.send(name):
                    shown = str(message.get("output"))
                    if AT_WORK in shown:
                        heard.begun.add(name)
                    if ANSWER in shown:
                        heard.answered.add(name)


def look_through(folder: Path, heard: Heard, endings: Endings) -> None:
    """As an ending left it, before the next start marks and sweeps."""
    sessions, artifacts = Sessions(f"sqlite:///{folder}/reverie.db"), Artifacts(folder / "pictures")
    with sessions.transaction() as rows:
        turns = {row.text: row.value() for row in rows.scalars(sa.select(TurnRow))}
        hashes = rows.scalars(sa.select(ArtifactRow.sha256)).all()
    sessions.close()
    statuses = [turn.status for turn in turns.values()]
    endings.lost_messages += len(heard.begun - turns.keys())
    endings.lost_answers += sum(turns[name].status is not TurnStatus.DONE for name in heard.answered)
    endings.turns_still_running += statuses.count(TurnStatus.RUNNING)
    endings.turns_without_a_word += sum(not turn.reply for turn in turns.values())
    endings.done_turns, endings.stopped_turns = (
        statuses.count(TurnStatus.DONE),
        statuses.count(TurnStatus.STOPPED),
    )
    endings.pictures = len(hashes)
    for sha256 in hashes:
        try:
            artifacts.read(sha256)
        except SourceNotFound:
            endings.pictures_without_file += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbits(31))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory() as folder:
        endings = run_endings(Path(folder), arguments.times, arguments.seed)
    print(endings.table())
    if endings.total:
        raise SystemExit(f"{endings.total} broken promises")


if __name__ == "__main__":
    main()
