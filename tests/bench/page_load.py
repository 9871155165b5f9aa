"""Many people on the page at once: python -m tests.bench.page_load --people 100 --turns 3

The app runs as its user starts it, with a fake engine that takes next to no time; each person has a cookie, a
page and a chat of their own, and speaks the page's own HTTP: send, follow the turn to its end, think for a
while, send the next. Every message has a word that no other has: it must be shown on that page, and on no
other. Prints one JSON: seconds from pressing Enter until the message is shown (`shown`) and until the turn is
over (`over`), what was crossed or missing, how long the page itself takes meanwhile (`page`), and the
processor's seconds of the app, without its engine, a turn (`cpu_a_turn`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import secrets
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.bench.load import PATIENCE_SECONDS, THINKING_SECONDS, WIDE, p50_p95
from tests.browser.server import SERVER_STATE, Server, Visitor
from ui.settings import DEFAULTS

WORD = re.compile(r"zz(\d+)x\d+zz")


@dataclass(kw_only=True)
class Crowd:
    """What all of them saw; the first block must stay 0."""

    crossed: int = 0
    missing: int = 0
    not_done: int = 0

    people: int
    turns: int = 0
    cpu: float = 0.0
    shown: list[float] = field(default_factory=list)
    over: list[float] = field(default_factory=list)
    page: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        counts: dict[str, Any] = {
            name: value for name, value in asdict(self).items() if isinstance(value, int)
        }
        counts["cpu_a_turn"] = round(self.cpu / max(1, self.turns), 3)
        times = {"shown": self.shown, "over": self.over, "page": self.page}
        return counts | {
            f"{name}_{what}": round(value, 2)
            for name, seconds in times.items()
            for what, value in zip(("p50", "p95"), p50_p95(seconds), strict=True)
        }


class Person:
    """Like Visitor, without a thread of its own."""

    def __init__(self, http: httpx.AsyncClient, submit: int, follow: int) -> None:
        self.http, self.submit, self.follow = http, submit, follow
        self.page, self.chat = secrets.token_hex(8), ""

    async def tell(self, event: int, data: list[Any]) -> AsyncIterator[dict[str, Any]]:
        body = {"data": data, "fn_index": event, "session_hash": self.page}
        (await self.http.post("/gradio_api/queue/join", json=body)).raise_for_status()
        asked = {"session_hash": self.page}
        async with self.http.stream("GET", "/gradio_api/queue/data", params=asked) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    message: dict[str, Any] = json.loads(line.removeprefix("data: "))
                    if message["msg"] == "close_stream":
                        return
                    yield message

    async def say(self, text: str, number: int, own: str, crowd: Crowd) -> None:
        begun, told = time.perf_counter(), ""
        box = {"text": text, "files": []}
        async for message in self.tell(self.submit, [SERVER_STATE, box, self.chat, "", *DEFAULTS]):
            told += str(message.get("output"))
            if message["msg"] == "process_completed" and message["success"]:
                self.chat = message["output"]["data"][0]
        crowd.shown.append(time.perf_counter() - begun)
        async for message in self.tell(self.follow, [SERVER_STATE, self.chat]):
            told += str(message.get("output"))
        crowd.over.append(time.perf_counter() - begun)
        crowd.turns += 1
        crowd.missing += own not in told
        crowd.not_done += "Here is" not in told
        crowd.crossed += sum(int(found[1]) != number for found in WORD.finditer(told))


async def gather(server: Server, num_people: int, num_turns: int) -> Crowd:
    first, crowd = Visitor(server.url), Crowd(people=num_people)
    submit = first.event("multimodaltextbox", "submit")
    follow = first.event_after(submit)

    async def live(number: int) -> None:
        dice = random.Random(number)
        async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_SECONDS) as http:
            (await http.get("/")).raise_for_status()
            person = Person(http, submit, follow)
            for turn in range(num_turns):
                await asyncio.sleep(dice.uniform(*THINKING_SECONDS))
                own = f"zz{number}x{turn}zz"
                await person.say(f"draw a red car called {own}", number, own, crowd)

    async def look() -> None:
        async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_SECONDS) as http:
            while True:
                begun = time.perf_counter()
                (await http.get("/")).raise_for_status()
                crowd.page.append(time.perf_counter() - begun)
                await asyncio.sleep(0.5)

    app = psutil.Process(server.pid)
    before = app.cpu_times()
    looking = asyncio.create_task(look())
    async with asyncio.TaskGroup() as people:
        for number in range(num_people):
            people.create_task(live(number))
    looking.cancel()
    after = app.cpu_times()
    crowd.cpu = after.user + after.system - before.user - before.system
    return crowd


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, nargs="+", default=[50, 100])
    parser.add_argument("--turns", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        server = Server(Path(name) / "data", "--engine", "fake", "--log-level", "warning", *WIDE)
        server.start()
        try:
            [*Visitor(server.url).send("draw a red car")]  # imports and caches
            found = [asyncio.run(gather(server, each, args.turns)).summary() for each in args.people]
        finally:
            server.close()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
