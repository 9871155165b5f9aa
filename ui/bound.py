"""What Gradio knows by a name alone belongs to whoever used or was told it first.

Its pages make up their session hash themselves, its events and uploads have ids that it gives out, and
whoever knows one of these could listen, cancel or read. Here they are bound to owners: what belongs to
anybody else is not there.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.asking import OWNER

__all__ = ["Bound", "Names"]

HERE = "/gradio_api/"
UPLOAD, JOIN = f"{HERE}upload", f"{HERE}queue/join"
FILE = re.compile(rf"{HERE}file[=/](.*)", re.DOTALL)
PAGE_IN_PATH = re.compile(rf"{HERE}heartbeat/([^/]+)")
EVENT_IN_PATH = re.compile(rf"{HERE}(?:stream|call/(?:v2/)?[^/]+)/([^/]+)")
MOST_NAMES = 20_000
MOST_BODY_BYTES = 32 * 1024**2
NOT_THERE = "There is nothing of that name here."


class Names:
    """Who has which name; the longest unused ones are forgotten."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def give(self, name: str, owner: str) -> None:
        with self._lock:
            self._owners[name] = owner
            while len(self._owners) > MOST_NAMES:
                self._owners.popitem(last=False)

    def is_free_or_of(self, name: str, owner: str) -> bool:
        with self._lock:
            if name not in self._owners:
                return True
            self._owners.move_to_end(name)
            return self._owners[name] == owner

    def is_of(self, name: str, owner: str) -> bool:
        with self._lock:
            return self._owners.get(name) == owner

    def forget_files(self, owner: str) -> None:
        """What somebody has uploaded and not sent is deleted."""
        with self._lock:
            files = [name for name, whose in self._owners.items() if whose == owner]
        for file in files:
            if file.startswith("file "):
                Path(file.removeprefix("file ")).unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True)
class Named:
    """What a request names: pages, events that Gradio told somebody, files that somebody uploaded."""

    pages: frozenset[str]
    events: frozenset[str]
    files: frozenset[str]


class Bound:
    """ASGI middleware behind the gate."""

    def __init__(self, app: ASGIApp, names: Names | None = None) -> None:
        self.app = app
        self.names = names or Names()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(HERE):
            await self.app(scope, receive, send)
            return
        owner, path, body = scope.get(OWNER) or "", scope["path"].rstrip("/"), None
        if scope["method"] not in {"GET", "HEAD", "OPTIONS"} and path != UPLOAD:
            whole = await read_whole(receive)
            if whole is None:
                await PlainTextResponse("That is too long.", status_code=413)(scope, receive, send)
                return
            body, receive = parsed(whole), replayed(whole, receive)
        if not self.may(named_by(scope, body), owner):
            await PlainTextResponse(NOT_THERE, status_code=404)(scope, receive, send)
        elif path in {UPLOAD, JOIN}:
            await self.app(scope, receive, self.noting(send, owner))
        else:
            await self.app(scope, receive, send)

    def may(self, named: Named, owner: str) -> bool:
        """A page that is new is its owner's from now on."""
        if not all(self.names.is_free_or_of(f"page {each}", owner) for each in named.pages):
            return False
        if not all(self.names.is_of(f"event {each}", owner) for each in named.events):
            return False
        if not all(self.names.is_free_or_of(f"file {each}", owner) for each in named.files):
            return False
        for each in named.pages:
            self.names.give(f"page {each}", owner)
        return True

    def noting(self, send: Send, owner: str) -> Send:
        """What Gradio answers to an upload, or to the start of an event, is whoever's it was who asked.

        It is noted before it is sent on: nobody can come back with it too early.
        """
        pieces: list[bytes] = []

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.body":
                pieces.append(message.get("body", b""))
                if not message.get("more_body", False):
                    self.note(parsed(b"".join(pieces)), owner)
            await send(message)

        return send_noted

    def note(self, told: Any, owner: str) -> None:
        match told:
            case {"event_id": str(event_id)}:
                self.names.give(f"event {event_id}", owner)
            case [*paths]:
                for path in paths:
                    self.names.give(f"file {os.path.abspath(str(path))}", owner)


def named_by(scope: Scope, body: Any) -> Named:
    """In its path, its query and its body, however deep."""
    pages, events, files = set[str](), set[str](), set[str]()
    path = scope["path"]
    if match := PAGE_IN_PATH.match(path):
        pages.add(match[1])
    if match := EVENT_IN_PATH.match(path):
        events.add(match[1])
    if match := FILE.match(path):
        files.add(os.path.abspath(match[1]))
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    for name, value in (*query, *fields_of(body)):
        if name == "session_hash":
            pages.add(value)
        elif name == "event_id":
            events.add(value)
        elif name == "path":
            files.add(os.path.abspath(value))
    return Named(pages=frozenset(pages), events=frozenset(events), files=frozenset(files))


def fields_of(body: Any) -> Iterator[tuple[str, str]]:
    """Every field of text, however deep."""
    waiting = [body]
    while waiting:
        match waiting.pop():
            case dict() as fields:
                yield from ((name, value) for name, value in fields.items() if isinstance(value, str))
                waiting += fields.values()
            case list() as values:
                waiting += values


def parsed(content: bytes) -> Any:
    """None for what is no JSON: Gradio reads nothing else."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


async def read_whole(receive: Receive) -> bytes | None:
    """None when there is no end to it, or none comes."""
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        content += message.get("body", b"")
        if len(content) > MOST_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return bytes(content)


def replayed(content: bytes, receive: Receive) -> Receive:
    """What was read, once more, and then what comes."""
    is_told = False

    async def receive_again() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": content, "more_body": False}

    return receive_again
