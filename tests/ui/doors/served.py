"""The doors for programs behind the gate on a real server of this process, and who comes to them."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import uvicorn
from openai import OpenAI
from PIL import Image
from starlette.applications import Starlette
from starlette.middleware import Middleware

from agent.brains.brain import Brain
from agent.direct import Direct
from agent.exits import Exits
from agent.keys import Keys
from engines.api import Engine
from tests.doubles import Agent, build_agent
from ui.doors.images import image_routes
from ui.doors.mcp import mcp_routes
from ui.doors.turns import turn_routes
from ui.doors.unknown import unknown_routes
from ui.gate import Gate

__all__ = ["Doors", "box_mask", "picture", "png", "served"]

START_SECONDS = 20


class Doors:
    """A running server, and keys to it."""

    def __init__(self, agent: Agent, keys: Keys, url: str) -> None:
        self.agent = agent
        self.keys = keys
        self.url = url
        self._clients = ExitStack()

    def token(self, owner: str = "anna", name: str = "Open WebUI") -> str:
        return self.keys.create(owner, name).token

    def openai(self, owner: str = "anna", name: str = "Open WebUI") -> OpenAI:
        client = OpenAI(base_url=f"{self.url}/v1", api_key=self.token(owner, name), max_retries=0, timeout=30)
        self._clients.callback(client.close)
        return client

    def http(self, owner: str = "anna") -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token(owner)}"}
        return self._clients.enter_context(httpx.Client(base_url=self.url, headers=headers, timeout=30))

    def close(self) -> None:
        self._clients.close()


@contextmanager
def served(
    folder: Path, *, engine: Engine | None = None, brain: Brain | None = None, most_at_once: int = 8
) -> Iterator[Doors]:
    agent = build_agent(folder, engine=engine, brain=brain)
    keys, exits = Keys(agent.sessions), Exits(agent.sessions, agent.artifacts)
    direct = Direct(agent.sessions, agent.coordinator, most_at_once)
    images, turns = (
        image_routes(exits, keys, agent.coordinator, direct),
        turn_routes(agent.sessions, agent.coordinator),
    )
    app = Starlette(
        routes=[*images, *mcp_routes(exits, keys, direct), *turns, *unknown_routes(images, turns)],
        middleware=[Middleware(Gate, host="127.0.0.1", keys=keys)],
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    begun = time.monotonic()
    while not server.started:
        assert time.monotonic() - begun < START_SECONDS
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    doors = Doors(agent, keys, f"http://127.0.0.1:{port}")
    try:
        yield doors
    finally:
        doors.close()
        server.should_exit = True
        thread.join(START_SECONDS)
        agent.close()


def picture(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return image


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def box_mask(size: tuple[int, int], box: tuple[int, int, int, int]) -> bytes:
    """As image editors write one: opaque, and clear in the box."""
    mask = Image.new("RGBA", size, (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), box)
    return png(mask)
