"""Many sessions on the running app at once: python -m tests.bench.load --sessions 200 --turns 5

The app runs as its user starts it, with SQLite, built-in rules and a fake engine in a process of its own;
programs of several owners write to it over the turn stream API, each in a session of its own: send, read the
events to their end, think for a while, send the next. Every message has a word that no other has: it must be
in what came of that message, and no other session's may be.

Prints one JSON. `start`: seconds from sending to the engine's first step, as the stream tells it; `overhead`:
from sending to RUN_FINISHED without the engine's own time. Places in line count as ours: the engine takes
next to no time here. Then, with an engine that takes some: what is refused beyond the limits, and how the
pictures are shared among owners with few and with many sessions.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx

from agent.keys import Keys
from agent.metadata import read_recipe
from agent.sessions import Sessions
from tests.browser.server import Server

__all__ = ["App", "Level", "Refusals", "Share", "opened", "run_level", "run_limits", "run_share"]

LEVELS = (50, 100, 200)
NUM_OWNERS = 10
MESSAGES = (
    "draw a red car called {}",
    "make the {} blue",
    "draw two cats and a {}",
    "hello, I am {}",
    "now at night, with a {}",
)
WORD = re.compile(r"zz(\d+)x(\d+)zz")
THINKING_SECONDS = (1.0, 5.0)
PATIENCE_SECONDS = 120.0
KEEP_SECONDS = 2.0
"""Shorter than the server keeps a connection that is idle."""
STEP_SECONDS = 0.03
OF_OWNER, IN_ALL = 8, 20
SESSIONS_OF_OWNER = (2, 4, 6, 8)
SHARE_SECONDS = 15.0
WIDE = ("--jobs-of-owner", "1000", "--jobs-in-all", "1000", "--limits.messages-an-hour", "1000000")
"""So that the time is measured, and not the limits."""


@dataclass(frozen=True, kw_only=True)
class App:
    """A running app, and a key for each owner."""

    url: str
    keys: tuple[str, ...]
    pid: int

    @asynccontextmanager
    async def program(self, owner: int) -> AsyncIterator[httpx.AsyncClient]:
        limits = httpx.Limits(keepalive_expiry=KEEP_SECONDS)
        headers = {"authorization": f"Bearer {self.keys[owner % len(self.keys)]}"}
        async with httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=PATIENCE_SECONDS, limits=limits
        ) as http:
            yield http


@contextmanager
def opened(folder: Path, *arguments: str, num_owners: int = NUM_OWNERS) -> Iterator[App]:
    """The app on a new data folder, stopped at the end. Keys are made before: then the store is its own."""
    folder.mkdir(parents=True)
    with closing(Sessions(f"sqlite:///{folder / 'reverie.db'}")) as sessions:
        keys = [Keys(sessions).create(f"owner {each}", "Load").token for each in range(num_owners)]
    server = Server(folder, "--engine", "fake", "--log-level", "warning", *arguments)
    try:
        server.start()
        yield App(url=server.url, keys=tuple(keys), pid=server.pid)
    finally:
        server.close()


@dataclass(kw_only=True)
class Told:
    """One turn as its stream told it. `begun` is None where no engine was needed."""

    sent: float
    status: int = 200
    wait_seconds: int = 0
    begun: float | None = None
    last_step: float = 0.0
    over: float = 0.0
    is_done: bool = False
    words: set[str] = field(default_factory=set)

    def hear(self, line: str) -> None:
        if not line.startswith("data: "):
            return
        now = time.perf_counter()
        if '"progress"' in line:
            self.begun = self.begun or now
            self.last_step = now
            return
        self.words |= words_in(line)
        if '"RUN_FINISHED"' in line or '"RUN_ERROR"' in line:
            self.over, self.is_done = now, '"RUN_FINISHED"' in line

    @property
    def start(self) -> float | None:
        return None if self.begun is None else self.begun - self.sent

    @property
    def overhead(self) -> float:
        engine = 0.0 if self.begun is None else self.last_step - self.begun
        return self.over - self.sent - engine


def words_in(text: str) -> set[str]:
    return {found.group() for found in WORD.finditer(text)}


async def begin(http: httpx.AsyncClient) -> str:
    return str((await http.post("v1/chats")).raise_for_status().json()["id"])


async def say(http: httpx.AsyncClient, chat: str, text: str) -> Told:
    """Send it and hear it to the end, or why it was refused."""
    told = Told(sent=time.perf_counter())
    headers = {"accept": "text/event-stream"}
    async with http.stream("POST", f"v1/chats/{chat}/turns", json={"text": text}, headers=headers) as answer:
        told.status = answer.status_code
        told.wait_seconds = int(answer.headers.get("retry-after", 0))
        async for line in answer.aiter_lines():
            told.hear(line)
    return told


@dataclass(kw_only=True)
class Level:
    """So many sessions at once. `crossed` counts words of other sessions, `missing` own ones that are not
    there, in streams, turns and the recipes of picture files."""

    sessions: int
    turns: int = 0
    not_done: int = 0
    crossed: int = 0
    missing: int = 0
    seconds: float = 0.0
    start_p50: float = 0.0
    start_p95: float = 0.0
    overhead_p50: float = 0.0
    overhead_p95: float = 0.0
    overhead_most: float = 0.0


async def run_level(
    app: App, num_sessions: int, num_turns: int, thinking: tuple[float, float] = THINKING_SECONDS
) -> Level:
    level, told = Level(sessions=num_sessions), list[Told]()
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as people:
        for number in range(num_sessions):
            people.create_task(live(app, number, num_turns, thinking, level, told))
    starts = [each.start for each in told if each.start is not None]
    overheads = [each.overhead for each in told]
    level.turns, level.seconds = len(told), max(each.over for each in told) - begun
    level.start_p50, level.start_p95 = p50_p95(starts)
    level.overhead_p50, level.overhead_p95 = p50_p95(overheads)
    level.overhead_most = max(overheads)
    return level


def p50_p95(seconds: Sequence[float]) -> tuple[float, float]:
    return statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]


async def live(
    app: App, number: int, num_turns: int, thinking: tuple[float, float], level: Level, told: list[Told]
) -> None:
    """One session from its first message to its last."""
    dice = random.Random(number)
    async with app.program(number) as http:
        chat = await begin(http)
        for turn in range(num_turns):
            await asyncio.sleep(dice.uniform(*thinking))
            own = f"zz{number}x{turn}zz"
            answered = await say(http, chat, MESSAGES[turn % len(MESSAGES)].format(own))
            told.append(answered)
            level.not_done += not answered.is_done
            compare(level, number, own, answered.words, is_told=answered.begun is not None)
        await look_through(http, chat, number, level)


def compare(level: Level, number: int, own: str, found: set[str], *, is_told: bool = True) -> None:
    """Words of the same session's earlier turns may come again: a change of a picture tells of it."""
    level.missing += is_told and own not in found
    level.crossed += sum(WORD.fullmatch(each)[1] != str(number) for each in found)  # type: ignore[index]


async def look_through(http: httpx.AsyncClient, chat: str, number: int, level: Level) -> None:
    """What was kept of the session, and the file of its last picture."""
    kept = (await http.get(f"v1/chats/{chat}")).raise_for_status().json()
    pictures = []
    for place, turn in enumerate(kept["turns"]):
        compare(level, number, f"zz{number}x{place}zz", words_in(json.dumps(turn)))
        pictures += [(place, each) for each in turn["pictures"]]
    for place, picture in pictures[-1:]:
        file = (await http.get(picture["address"].removeprefix("/"))).raise_for_status().content
        recipe = read_recipe(file)
        compare(level, number, f"zz{number}x{place}zz", words_in(str(recipe)))


@dataclass(kw_only=True)
class Refusals:
    """Messages that all came at once, and came again after the wait that they were told."""

    messages: int
    limit: int
    refused_at_first: int = 0
    refused_in_all: int = 0
    without_wait: int = 0
    longest_wait_seconds: int = 0
    not_done: int = 0


async def run_limits(app: App, owners: Sequence[int], messages: int, limit: int) -> Refusals:
    """`limit` is how many of them may run or wait at once."""
    found = Refusals(messages=messages, limit=limit)

    async def insist(number: int) -> None:
        async with app.program(owners[number % len(owners)]) as http:
            last_moment = time.perf_counter() + PATIENCE_SECONDS
            while time.perf_counter() < last_moment:
                told = await say(http, await begin(http), "draw a red car")
                if told.status != 429:
                    found.not_done += not told.is_done
                    return
                found.refused_at_first += is_first[number]
                found.refused_in_all += 1
                found.without_wait += told.wait_seconds < 1
                found.longest_wait_seconds = max(found.longest_wait_seconds, told.wait_seconds)
                is_first[number] = False
                await asyncio.sleep(told.wait_seconds)
        found.not_done += 1

    is_first = [True] * messages
    async with asyncio.TaskGroup() as people:
        for number in range(messages):
            people.create_task(insist(number))
    return found


@dataclass(kw_only=True)
class Share:
    """Pictures by owner while all had some to wait for; `ratio` is the most by the least."""

    sessions: tuple[int, ...]
    pictures: tuple[int, ...] = ()
    ratio: float = 0.0


async def run_share(app: App, sessions: Sequence[int], seconds: float) -> Share:
    """Each owner has so many sessions, which send the next message as soon as the last is answered."""
    served, begun = Counter[int](), time.perf_counter()
    first, last = begun + seconds / 5, begun + seconds

    async def ask(owner: int) -> None:
        async with app.program(owner) as http:
            chat = await begin(http)
            while time.perf_counter() < last:
                told = await say(http, chat, "draw a red car")
                served[owner] += told.is_done and first < told.over < last

    async with asyncio.TaskGroup() as people:
        for owner, number in enumerate(sessions):
            for _ in range(number):
                people.create_task(ask(owner))
    pictures = tuple(served[owner] for owner in range(len(sessions)))
    return Share(sessions=tuple(sessions), pictures=pictures, ratio=max(pictures) / max(1, min(pictures)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sessions", type=int, default=LEVELS[-1])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--thinking", type=float, nargs=2, default=THINKING_SECONDS, metavar="SECONDS")
    args = parser.parse_args()
    levels = sorted({*(each for each in LEVELS if each < args.sessions), args.sessions})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with opened(folder / "wide", *WIDE) as app:
            asyncio.run(run_level(app, 2, len(MESSAGES), (0.0, 0.0)))  # imports and caches
            told = [asyncio.run(run_level(app, each, args.turns, tuple(args.thinking))) for each in levels]
        narrow = ("--jobs-of-owner", str(OF_OWNER), "--jobs-in-all", str(IN_ALL))
        with opened(folder / "narrow", *narrow, "--fake-step-seconds", str(STEP_SECONDS)) as app:
            share = asyncio.run(run_share(app, SESSIONS_OF_OWNER, SHARE_SECONDS))
            of_owner = asyncio.run(run_limits(app, [5], 3 * OF_OWNER, OF_OWNER))
            in_all = asyncio.run(run_limits(app, range(NUM_OWNERS), 2 * IN_ALL, IN_ALL))
    result = {
        "thinking_seconds": args.thinking,
        "levels": [asdict(each) for each in told],
        "beyond_one_owners_limit": asdict(of_owner),
        "beyond_the_limit_of_all": asdict(in_all),
        "share": asdict(share),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
