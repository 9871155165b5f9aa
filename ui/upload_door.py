"""Before Gradio's upload route: who may send files, how much at once, a 4xx for what it cannot read, and a
place of its own for each file."""

from __future__ import annotations

import secrets
from typing import Any

from gradio import route_utils
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.decoder.wire import MAX_BYTES
from agent.messages import MAX_UPLOADS
from ui.gate import owner_of

__all__ = ["MOST_BODY_BYTES", "UPLOAD_PATH", "UploadDoor"]

UPLOAD_PATH = "/gradio_api/upload"
MOST_BODY_BYTES = MAX_UPLOADS * MAX_BYTES + 1024**2
"""As many files as a message may have, and what multipart adds."""
TOO_LARGE = (
    f"Together these files exceed the maximum allowed size: please send at most {MAX_UPLOADS} pictures of "
    f"{MAX_BYTES // 1024**2} MB at once."
)
UNREADABLE = "This is not an upload that I can read. Please choose the picture again."
NOBODY = "This page has lost its cookie. Please reload it."
LET_OUT = (TypeError, AttributeError, ValueError, OSError)
"""All that Gradio's route raises on bodies and file names that no browser sends."""


class UploadedFile(route_utils.GradioUploadFile):
    """Gradio stores a file under the hash of its content. No two may share a place, however equal: the one is
    deleted when its turn ends, and each belongs to somebody."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sha.update(secrets.token_bytes(16))


class UploadDoor:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        route_utils.GradioUploadFile = UploadedFile  # type: ignore[misc]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != UPLOAD_PATH or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        if owner_of(request) is None:
            await PlainTextResponse(NOBODY, status_code=403)(scope, receive, send)
        elif promised_bytes(request) > MOST_BODY_BYTES:
            await PlainTextResponse(TOO_LARGE, status_code=413)(scope, receive, send)
        else:
            await self.take(scope, bounded(receive), send)

    async def take(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def begin(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.app(scope, receive, begin)
        except LET_OUT:
            if has_begun:
                raise
            await PlainTextResponse(UNREADABLE, status_code=400)(scope, receive, send)


def promised_bytes(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0


def bounded(receive: Receive) -> Receive:
    """A body without an end breaks off, in the way that Gradio's route makes a 413 of and tidies up after."""
    num_bytes = 0

    async def receive_bounded() -> Message:
        nonlocal num_bytes
        message = await receive()
        num_bytes += len(message.get("body", b""))
        if num_bytes > MOST_BODY_BYTES:
            raise MultiPartException(TOO_LARGE)
        return message

    return receive_bounded
