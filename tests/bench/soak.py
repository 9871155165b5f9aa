"""Thousands of turns in one app process, and what memory it then has: python -m tests.bench.soak --turns 2000

The app runs as its user starts it, with a fake engine that takes no time; several programs at once open
chats, draw, change, talk, send pictures along and delete most of the chats again, and now and then somebody
does so on the page. Resident memory is read after a garbage collection: when the app is warm, along the way
and at the end.

What is kept for a while is bounded and fills up for some hundred turns: the events of 200 turns that are
over, Gradio's state of 50 pages. Prints one JSON; ends with 1 if memory grew by more than the bound.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx
from PIL import Image

from agent.keys import Keys
from agent.sessions import Sessions
from tests.bench.watched import resident_bytes
from tests.browser.server import Server, Visitor

__all__ = ["MOST_GROWTH_MB", "Memory", "Soak", "Watched", "run_turns", "soak", "watched"]

MOST_GROWTH_MB = 50.0
NUM_OWNERS, AT_ONCE = 4, 6
WARM_UP_TURNS = 200
NUM_LOOKS = 18
PATIENCE_SECONDS = 120.0
MESSAGES = (
    "draw a red car next to a dog",
    "make the car blue",
    "hello, how are you?",
    "mirror it",
    "draw four cats",
)
ON_THE_PAGE_EVERY, KEPT_EVERY, UPLOADS_EVERY = 10, 5, 7
"""Of so many sessions one is on the page, one is not deleted, and one sends a picture along."""
WIDE = (
    *("--limits.messages-an-hour", "1000000", "--limits.uploads-an-hour", "1000000"),
    *("--jobs-of-owner", "100", "--jobs-in-all", "100", "--log-level", "warning"),
)


class Watched(Server):
    """Tells what memory it has."""

    def __init__(self, data_folder: Path, *arguments: str) -> None:
        super().__init__(data_folder, *arguments)
        self.told = data_folder.with_suffix(".memory")
        self.program = ("-m", "tests.bench.watched", str(self.told))

    def memory(self, turns: int) -> Memory:
        """Of the app itself after it has collected its garbage, and of its engine and decoders."""
        self.told.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        last_moment = time.monotonic() + PATIENCE_SECONDS
        while not self.told.exists():
            if time.monotonic() > last_moment:
                raise TimeoutError("The app did not say what memory it has.")
            time.sleep(0.02)
        resident, blocks = map(int, self.told.read_text().split())
        others = sum(map(resident_bytes, descendants(self.pid)))
        return Memory(turns=turns, app_mb=in_mb(resident), blocks=blocks, others_mb=in_mb(others))

    def begin_to_lose(self) -> None:
        os.kill(self.pid, signal.SIGUSR2)


def in_mb(num_bytes: int) -> float:
    return round(num_bytes / 2**20, 1)


def descendants(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    children = [int(each) for each in found.stdout.split()]
    return [each for child in children for each in (child, *descendants(child))]


@dataclass(frozen=True, kw_only=True)
class Memory:
    """After so many turns. `blocks`, of Python's own, tell leaks from memory that is kept for later."""

    turns: int
    app_mb: float
    blocks: int
    others_mb: float


@dataclass(kw_only=True)
class Soak:
    """What was done, and the memory along the way; the first look is at the end of the warm-up."""

    turns: int = 0
    not_done: int = 0
    sessions: int = 0
    deleted: int = 0
    on_the_page: int = 0
    uploads: int = 0
    seconds: float = 0.0
    series: list[Memory] = field(default_factory=list)

    @property
    def growth_mb(self) -> float:
        return self.series[-1].app_mb - self.series[0].app_mb

    def look(self, app: Watched) -> None:
        self.series.append(app.memory(self.turns))


@contextmanager
def watched(folder: Path) -> Iterator[tuple[Watched, Sequence[str]]]:
    """The app on a new data folder, and keys to it."""
    folder.mkdir(parents=True)
    with closing(Sessions(f"sqlite:///{folder / 'reverie.db'}")) as sessions:
        keys = [Keys(sessions).create(f"owner {each}", "Soak").token for each in range(NUM_OWNERS)]
    app = Watched(folder, "--engine", "fake", *WIDE)
    try:
        app.start()
        yield app, keys
    finally:
        app.close()


def soak(app: Watched, keys: Sequence[str], num_turns: int, warm_up: int, num_looks: int) -> Soak:
    found, begun = Soak(), time.monotonic()
    run_turns(app, keys, warm_up, found)
    found.look(app)
    for number in range(1, num_looks + 1):
        until = warm_up + (num_turns - warm_up) * number // num_looks
        run_turns(app, keys, until - found.turns, found)
        found.look(app)
    found.seconds = time.monotonic() - begun
    return found


def run_turns(app: Watched, keys: Sequence[str], num_turns: int, found: Soak) -> None:
    """In sessions of a few turns each, several of them at once."""
    first, num_sessions = found.sessions, -(-num_turns // len(MESSAGES))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        lived = pool.map(lambda number: live(app.url, keys, number), range(first, first + num_sessions))
        for number, num_done in enumerate(lived, start=first):
            found.sessions += 1
            found.turns += len(MESSAGES)
            found.not_done += len(MESSAGES) - num_done
            is_on_page = is_every(number, ON_THE_PAGE_EVERY)
            found.on_the_page += is_on_page
            found.deleted += not is_on_page and not is_every(number, KEPT_EVERY)
            found.uploads += not is_on_page and is_every(number, UPLOADS_EVERY)


def is_every(number: int, every: int) -> bool:
    return number % every == every - 1


def live(url: str, keys: Sequence[str], number: int) -> int:
    """One session; how many of its turns were done."""
    if is_every(number, ON_THE_PAGE_EVERY):
        return live_on_page(url)
    headers = {"authorization": f"Bearer {keys[number % len(keys)]}"}
    with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE_SECONDS) as http:
        chat = http.post("v1/chats").raise_for_status().json()["id"]
        files = {"files": ("photo.png", photo(number))} if is_every(number, UPLOADS_EVERY) else None
        num_done = say(http, chat, "make it blue" if files else MESSAGES[0], files)
        num_done += sum(say(http, chat, text) for text in MESSAGES[1:])
        if not is_every(number, KEPT_EVERY):
            http.delete(f"v1/chats/{chat}").raise_for_status()
        return num_done


def say(http: httpx.Client, chat: str, text: str, files: dict[str, tuple[str, bytes]] | None = None) -> bool:
    """Whether it was done."""
    stream = {"accept": "text/event-stream"}
    if files:
        answer = http.post(f"v1/chats/{chat}/turns", data={"text": text}, files=files, headers=stream)
    else:
        answer = http.post(f"v1/chats/{chat}/turns", json={"text": text}, headers=stream)
    return "RUN_FINISHED" in answer.raise_for_status().text


def photo(number: int) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((320, 240), 10 + number % 40).save(file, "PNG")
    return file.getvalue()


def live_on_page(url: str) -> int:
    """The same messages from the page's own box."""
    visitor, chat, num_done = Visitor(url), "", 0
    with closing(visitor.http):
        for text in MESSAGES:
            said = [each for each in visitor.send(text, chat) if each["msg"] == "process_completed"]
            num_done += all(each["success"] for each in said)
            chat = said[0]["output"]["data"][0]
    return num_done


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=2_000)
    parser.add_argument("--warm-up", type=int, default=WARM_UP_TURNS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, watched(Path(folder) / "data") as (app, keys):
        found = soak(app, keys, args.turns, args.warm_up, NUM_LOOKS)
    print(json.dumps({"growth_mb": round(found.growth_mb, 1), **asdict(found)}, indent=1))
    if found.growth_mb > MOST_GROWTH_MB or found.not_done:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
