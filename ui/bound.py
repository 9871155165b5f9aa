"""What Gradio knows by a name alone belongs to whoever used or was told it first.

Its pages make up their session hash and the ids of their uploads themselves, its events and files have names
that it gives out, and whoever knows one of these could listen, cancel or read. Here they are bound to owners:
what belongs to anybody else is not there.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.asking import OWNER
from ui.json_bodies import has_too_many_parts

__all__ = ["Bound", "Names"]

HERE = "/gradio_api/"
UPLOAD, JOIN = f"{HERE}upload", f"{HERE}queue/join"
FILE = re.compile(rf"{HERE}file[=/](.*)", re.DOTALL)
PAGE_IN_PATH = re.compile(rf"{HERE}heartbeat/([^/]+)")
EVENT_IN_PATH = re.compile(rf"{HERE}(?:stream|call/(?:v2/)?[^/]+)/([^/]+)")
MOST_NAMES, MOST_OWNERS = 2_000, 20_000
"""Of one owner, and those who have any."""
MOST_BODY_BYTES = 32 * 1024**2
NOT_THERE = "There is nothing of that name here."
NOBODY = "This page has lost its cookie. Please reload it."
TOO_LONG = "That is too long."
NO_JSON = "That is no JSON."


class Names:
    """Who has which name. Of somebody with very many the longest unused are forgotten, and nobody else's."""

    def __init__(self) -> None:
        self._owner_of: dict[str, str] = {}
        self._names_of: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()
        self._lock = threading.Lock()

    def give(self, name: str, owner: str) -> None:
        """Nothing changes where it is another's."""
        with self._lock:
            if self._owner_of.setdefault(name, owner) != owner:
                return
            names = self._names_of.setdefault(owner, OrderedDict())
            names[name] = None
            self._use(name, owner)
            while len(names) > MOST_NAMES:
                del self._owner_of[names.popitem(last=False)[0]]
            while len(self._names_of) > MOST_OWNERS:
                _, forgotten = self._names_of.popitem(last=False)
                for each in forgotten:
                    del self._owner_of[each]

    def is_free_or_of(self, name: str, owner: str) -> bool:
        with self._lock:
            return name not in self._owner_of or self._is_of(name, owner)

    def is_of(self, name: str, owner: str) -> bool:
        with self._lock:
            return self._is_of(name, owner)

    def _is_of(self, name: str, owner: str) -> bool:
        if self._owner_of.get(name) != owner:
            return False
        self._use(name, owner)
        return True

    def _use(self, name: str, owner: str) -> None:
        self._names_of[owner].move_to_end(name)
        self._names_of.move_to_end(owner)

    def forget_files(self, owner: str) -> None:
        """What somebody has uploaded and not sent is deleted."""
        with self._lock:
            files = [*self._names_of.get(owner, ())]
        for file in files:
            if file.startswith("file "):
                Path(file.removeprefix("file ")).unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True)
class Named:
    """What a request names: what pages make up, and events and files that Gradio told somebody of."""

    made_up: frozenset[str]
    told: frozenset[str]


class Bound:
    """ASGI middleware behind the gate."""

    def __init__(self, app: ASGIApp, names: Names | None = None) -> None:
        self.app = app
        self.names = names or Names()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(HERE):
            await self.app(scope, receive, send)
            return
        owner, path, named = scope.get(OWNER) or "", scope["path"].rstrip("/"), named_by(scope)
        if scope["method"] not in {"GET", "HEAD", "OPTIONS"} and path != UPLOAD:
            read = await read_named(receive, named) if owner else PlainTextResponse(NOBODY, status_code=403)
            if isinstance(read, Response):
                await read(scope, receive, send)
                return
            whole, named = read
            receive = replayed(whole, receive)
        if not self.may(named, owner):
            await PlainTextResponse(NOT_THERE, status_code=404)(scope, receive, send)
        elif path in {UPLOAD, JOIN}:
            await self.app(scope, receive, self.noting(send, owner))
        else:
            await self.app(scope, receive, send)

    def may(self, named: Named, owner: str) -> bool:
        """A page that is new is its owner's from now on."""
        if not owner:
            return not (named.made_up or named.told)
        if not all(self.names.is_free_or_of(each, owner) for each in named.made_up):
            return False
        if not all(self.names.is_of(each, owner) for each in named.told):
            return False
        for each in named.made_up:
            self.names.give(each, owner)
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
                    self.names.give(file_name(str(path)), owner)


def named_by(scope: Scope) -> Named:
    """In its path and its query."""
    path, made_up, told = scope["path"], set[str](), set[str]()
    if match := PAGE_IN_PATH.match(path):
        made_up.add(f"page {match[1]}")
    if match := EVENT_IN_PATH.match(path):
        told.add(f"event {match[1]}")
    if match := FILE.match(path):
        told.add(file_name(match[1]))
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    return named_in(query, Named(made_up=frozenset(made_up), told=frozenset(told)))


def named_in(fields: Iterable[tuple[str, str]], named: Named) -> Named:
    """And all that was named before."""
    made_up, told = set(named.made_up), set(named.told)
    for name, value in fields:
        match name:
            case "session_hash":
                made_up.add(f"page {value}")
            case "upload_id":
                made_up.add(f"upload {value}")
            case "event_id":
                told.add(f"event {value}")
            case "path":
                told.add(file_name(value))
    return Named(made_up=frozenset(made_up), told=frozenset(told))


def file_name(path: str) -> str:
    return f"file {os.path.abspath(path)}"


async def read_named(receive: Receive, named: Named) -> tuple[bytes, Named] | Response:
    """The body, and what is named with it, however deep; or why it is not read.

    Gradio reads JSON alone here. What cannot be parsed here is not handed on: it might be parsed there.
    """
    whole = await read_whole(receive)
    if whole is None or has_too_many_parts(whole):
        return PlainTextResponse(TOO_LONG, status_code=413)
    try:
        return whole, await run_in_threadpool(
            lambda: named_in(fields_of(json.loads(whole or b"null")), named)
        )
    except (ValueError, RecursionError):
        return PlainTextResponse(NO_JSON, status_code=400)


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
