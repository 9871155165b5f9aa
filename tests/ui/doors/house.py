"""An agent behind its doors on a real port, and programs that read its streams."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from agent.exits import Exits
from agent.keys import Keys
from tests.browser.server import free_port
from tests.doubles import Agent
from tests.ui.callers import TOKEN
from ui.doors.turns import turn_routes
from ui.gate import COOKIE, Gate
from ui.routes import picture_routes

__all__ = ["Heard", "House", "events_of", "heard", "opened_house", "without_previews"]

START_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One event of a stream."""

    id: int
    data: dict[str, Any]

    @property
    def kind(self) -> str:
        name = f" {self.data['name']}" if self.data["type"] == "CUSTOM" else ""
        return f"{self.data['type']}{name}"


def heard(lines: Iterable[str]) -> Iterator[Heard]:
    """The events among the lines of a stream; the last one only if it is whole."""
    event_id, data = 0, None
    for line in lines:
        if line.startswith("id: "):
            event_id = int(line.removeprefix("id: "))
        elif line.startswith("data: "):
            data = json.loads(line.removeprefix("data: "))
        elif not line and data is not None:
            yield Heard(id=event_id, data=data)
            data = None


def without_previews(events: Iterable[Heard]) -> list[Heard]:
    """What every listener hears, however slow it is."""
    return [Heard(id=each.id, data=stripped(each.data)) for each in events]


def stripped(data: dict[str, Any]) -> dict[str, Any]:
    if data.get("name") != "progress":
        return data
    return data | {"value": {key: value for key, value in data["value"].items() if key != "preview"}}


def events_of(http: httpx2.Client, address: str, after: int | None = None) -> list[Heard]:
    """A turn's events to the end of the stream; none when all were told."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    with http.stream("GET", address, headers=headers) as stream:
        assert stream.status_code in {200, 204}, stream.read()
        return [*heard(stream.iter_lines())]


class House:
    """Who comes with one cookie or another, or without."""

    def __init__(self, agent: Agent, url: str) -> None:
        self.agent = agent
        self.url = url
        self._clients: list[httpx2.Client] = []

    def person(self, token: str | None = TOKEN) -> httpx2.Client:
        cookies = {COOKIE: token} if token else None
        client = httpx2.Client(base_url=self.url, cookies=cookies, timeout=30)
        self._clients.append(client)
        return client

    def key(self, owner: str) -> str:
        """A program's, if programs come in here at all."""
        return Keys(self.agent.sessions).create(owner, "Program").token

    def leave(self) -> None:
        for client in self._clients:
            client.close()


@contextmanager
def opened_house(agent: Agent, keys: Keys | None = None) -> Iterator[House]:
    port = free_port()
    routes = [
        *turn_routes(agent.sessions, agent.coordinator),
        *picture_routes(Exits(agent.sessions, agent.artifacts)),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(Gate, host="127.0.0.1", keys=keys)])
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    begun = time.monotonic()
    while not server.started:
        assert time.monotonic() - begun < START_SECONDS
        time.sleep(0.01)
    house = House(agent, f"http://127.0.0.1:{port}")
    try:
        yield house
    finally:
        house.leave()
        agent.close()
        server.should_exit = True
        thread.join(START_SECONDS)
