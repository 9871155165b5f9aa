"""Kill the engine's process at random moments and count what was not told: python -m tests.bench.engine_kill

Turns of two owners run on a fake engine in a process of its own, which is killed while it loads, draws or has
nothing to do. Every turn must end with its pictures or with a sentence that says what happened, and a turn
after the kill must be done. With `--devices 3` there are so many processes, and one of them is killed while
the others work on: no more than one turn may fail of a kill. With `--page` the whole app runs, a visitor
writes to its page, and the page must answer after each kill.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import signal
import statistics
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from agent.domain import Quality
from agent.events import Event, TurnDone, TurnFailed
from agent.jobs import Jobs
from engines.apart import apart
from engines.families import fake_family
from engines.workshop import Workshop
from engines.workshops import Workshops
from tests.browser.server import Server, Visitor
from tests.doubles import Agent, build_agent

__all__ = ["Tally", "engine_of", "run_engine_kills", "run_page_kills"]

OWNERS = ("ann", "bob", "cid", "dan")
STEP_SECONDS = 0.02
LONGEST_WAIT_SECONDS = 0.6
PATIENCE_SECONDS = 60.0
TOLD, DONE = "started again", "Here is"


@dataclass(kw_only=True)
class Tally:
    """The first block must stay 0."""

    turns_without_a_word: int = 0
    turns_after_a_kill_not_done: int = 0
    turns_that_never_ended: int = 0
    pages_not_shown: int = 0
    turns_failed_beside_the_killed: int = 0

    kills: int = 0
    turns_done: int = 0
    turns_told: int = 0
    seconds_to_the_next_picture: list[float] = field(default_factory=list)

    @property
    def total(self) -> int:
        lost = self.turns_without_a_word + self.turns_after_a_kill_not_done + self.turns_that_never_ended
        return lost + self.pages_not_shown + self.turns_failed_beside_the_killed

    def table(self) -> str:
        back = sorted(self.seconds_to_the_next_picture)
        return (
            f"turns without a word          {self.turns_without_a_word:6}\n"
            f"turns after a kill not done   {self.turns_after_a_kill_not_done:6}\n"
            f"turns that never ended        {self.turns_that_never_ended:6}\n"
            f"pages not shown               {self.pages_not_shown:6}\n"
            f"turns failed beside it        {self.turns_failed_beside_the_killed:6}\n"
            f"kills                         {self.kills:6}\n"
            f"turns done                    {self.turns_done:6}\n"
            f"turns told of a kill          {self.turns_told:6}\n"
            f"next picture after a kill     {statistics.median(back):6.2f} s, at most {back[-1]:.2f} s"
        )


def run_engine_kills(folder: Path, kills: int, seed: int, num_devices: int = 1) -> Tally:
    """One agent, a workshop a device; `kills` times the process of one of them dies."""
    dice, tally = random.Random(seed), Tally()
    load, owners = partial(fake_family, STEP_SECONDS * num_devices), OWNERS[: num_devices + 1]
    shops = Workshops([Workshop(load, stall_seconds=20) for _ in range(num_devices)])
    jobs = Jobs(num_at_once=num_devices, num_able=lambda: shops.num_able)
    with closing(shops), ThreadPoolExecutor(len(owners)) as pool:
        engine = apart(load(), shops).painters["full"]
        shops.load(["full"])
        await_all(shops)
        agent = build_agent(folder, engines={Quality.FULL: engine}, editors={}, jobs=jobs)
        try:
            sessions = {owner: agent.sessions.create(owner).id for owner in owners}
            for _ in range(kills):
                busy = dice.sample(owners, dice.randint(0, len(owners)))
                turns = [pool.submit(draw, agent, sessions[owner], owner) for owner in busy]
                time.sleep(dice.uniform(0, LONGEST_WAIT_SECONDS))
                kill(dice.choice(shops.shops), dice.choice([signal.SIGKILL, signal.SIGSEGV]))
                tally.kills += 1
                begun, told = time.monotonic(), tally.turns_told
                for turn in turns:
                    note(turn, tally)
                tally.turns_failed_beside_the_killed += max(0, tally.turns_told - told - 1)
                after = draw(agent, sessions[owners[0]], owners[0])
                tally.turns_after_a_kill_not_done += not isinstance(after, TurnDone)
                tally.seconds_to_the_next_picture.append(time.monotonic() - begun)
                await_all(shops)
                for end in pool.map(lambda owner: draw(agent, sessions[owner], owner), owners[1:]):
                    tally.turns_after_a_kill_not_done += not isinstance(end, TurnDone)
        finally:
            agent.close()
    return tally


def await_all(shops: Workshops) -> None:
    """Until each is there again: then all are at work at once, and none has died too often in a row."""
    end = time.monotonic() + PATIENCE_SECONDS
    while shops.num_able < len(shops.shops):
        if time.monotonic() > end:
            raise AssertionError("A device did not come back.")
        time.sleep(0.01)


def run_page_kills(folder: Path, kills: int, seed: int) -> Tally:
    """The app as its user starts it; `kills` times its engine's process dies while a visitor waits or not."""
    dice, tally = random.Random(seed), Tally()
    server = Server(
        folder / "data",
        *("--engine", "fake", "--fake-step-seconds", str(STEP_SECONDS)),
        *("--limits.messages-an-hour", "1000000"),
    )
    server.start()
    try:
        visitor = Visitor(server.url)
        said(visitor, "draw a green dog")
        with ThreadPoolExecutor(1) as pool:
            for _ in range(kills):
                turn = pool.submit(said, visitor, "draw a red dog") if dice.random() < 0.7 else None
                time.sleep(dice.uniform(0, LONGEST_WAIT_SECONDS))
                os.kill(engine_of(server), dice.choice([signal.SIGKILL, signal.SIGSEGV]))
                tally.kills += 1
                begun = time.monotonic()
                tally.pages_not_shown += httpx.get(server.url).status_code != 200
                words = "" if turn is None else turn.result()
                tally.turns_done += DONE in words
                tally.turns_told += TOLD in words
                tally.turns_without_a_word += turn is not None and not (DONE in words or TOLD in words)
                tally.turns_after_a_kill_not_done += DONE not in said(visitor, "draw a blue dog")
                tally.seconds_to_the_next_picture.append(time.monotonic() - begun)
    finally:
        server.close()
    return tally


def said(visitor: Visitor, text: str) -> str:
    """A turn in a chat of its own, and all that the page is told of it."""
    return "".join(map(str, visitor.send(text)))


def engine_of(server: Server) -> int:
    """The app's process for engines, as soon as there is one."""
    children = Path(f"/proc/{server.pid}/task")
    for _ in range(int(PATIENCE_SECONDS / 0.01)):
        with suppress(OSError):
            pids = [int(pid) for each in children.glob("*/children") for pid in each.read_text().split()]
            for pid in pids:
                if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
        time.sleep(0.01)
    raise AssertionError("The app has no process for engines.")


def draw(agent: Agent, session_id: str, owner: str) -> Event:
    """The last event of a turn."""
    return list(agent.coordinator.run(session_id, owner, "a red dog"))[-1]


def kill(shop: Workshop, number: signal.Signals) -> None:
    """Whatever it is at; one that is just being started counts too."""
    while True:
        with suppress(ProcessLookupError):
            if (pid := shop.pid) is not None:
                os.kill(pid, number)
                return
        time.sleep(0.001)


def note(turn: Future[Event], tally: Tally) -> None:
    try:
        end = turn.result(PATIENCE_SECONDS)
    except TimeoutError:
        tally.turns_that_never_ended += 1
        return
    if isinstance(end, TurnDone):
        tally.turns_done += 1
    elif isinstance(end, TurnFailed) and TOLD in end.reply:
        tally.turns_told += 1
    else:
        tally.turns_without_a_word += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbits(31))
    parser.add_argument("--devices", type=int, default=1, choices=range(1, len(OWNERS)))
    parser.add_argument("--page", action="store_true", help="the whole app, seen from its page")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory() as folder:
        if arguments.page:
            tally = run_page_kills(Path(folder), arguments.kills, arguments.seed)
        else:
            tally = run_engine_kills(Path(folder), arguments.kills, arguments.seed, arguments.devices)
    print(tally.table())
    if tally.total:
        raise SystemExit(f"{tally.total} failures")


if __name__ == "__main__":
    main()
