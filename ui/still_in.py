"""Streams end with the sign-in or the key that opened them."""

from __future__ import annotations

import time

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.keys import Keys
from agent.people.sign_ins import SignIns
from ui.asking import Way, caller_of

__all__ = ["StillIn"]

LOOK_SECONDS = 3.0
STREAM = "text/event-stream"


class StillIn:
    """ASGI middleware behind the gate: whoever has gone is sent nothing more, even of what had begun.

    It looks when there is something to send, every few seconds at most.
    """

    def __init__(self, app: ASGIApp, keys: Keys, sign_ins: SignIns | None) -> None:
        """Without `sign_ins` only programs have something that can end."""
        self.app = app
        self.keys = keys
        self.sign_ins = sign_ins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_stream, has_ended, looked = False, False, time.monotonic()

        async def send_while_in(message: Message) -> None:
            nonlocal is_stream, has_ended, looked
            if has_ended:
                return
            if message["type"] == "http.response.start":
                is_stream = Headers(raw=message.get("headers", [])).get("content-type", "").startswith(STREAM)
            elif is_stream and time.monotonic() - looked >= LOOK_SECONDS:
                looked = time.monotonic()
                if not await run_in_threadpool(self.is_in, scope):
                    has_ended = True
                    message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        await self.app(scope, receive, send_while_in)

    def is_in(self, scope: Scope) -> bool:
        """What was shown at the gate still opens it."""
        caller = caller_of(HTTPConnection(scope))
        if caller is None:
            return True
        match caller.way:
            case Way.SIGN_IN:
                return self.sign_ins is None or self.sign_ins.has(caller.sign_in)
            case Way.KEY:
                token = Headers(scope=scope).get("authorization", "").partition(" ")[2]
                return self.keys.find(token.strip()) is not None
            case Way.COOKIE:
                return True
