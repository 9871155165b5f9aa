"""The page may run the scripts that it came with, and no others that stand in it.

Gradio writes scripts into the page, different ones for each request, and its own script adds those of ours
once more. The browser is told the hash of each.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.guarding import policy_with

__all__ = ["InlineScripts", "hashes_of"]

SCRIPT = re.compile(rb"<script(?:\s[^>]*)?>(.*?)</script", re.DOTALL | re.IGNORECASE)


class InlineScripts:
    """ASGI middleware, behind what compresses; `added` is HTML that Gradio's script adds in the browser."""

    def __init__(self, app: ASGIApp, added: str = "") -> None:
        self.app = app
        self.added = added.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and scope["path"] == "/" and scope["method"] == "GET"
        await self.app(scope, receive, telling(send, self.added) if is_page else send)


def telling(send: Send, added: bytes) -> Send:
    """The page is held back until it is whole."""
    begun: Message = {}
    pieces: list[bytes] = []

    async def send_telling(message: Message) -> None:
        if message["type"] == "http.response.start":
            begun.update(message)
            return
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            page = b"".join(pieces)
            MutableHeaders(scope=begun)["Content-Security-Policy"] = policy_with(hashes_of(added + page))
            await send(begun)
            await send({"type": "http.response.body", "body": page})

    return send_telling


def hashes_of(page: bytes) -> Iterable[str]:
    """As a policy names them, each once."""
    digests = {
        b64encode(sha256(script).digest()).decode() for script in SCRIPT.findall(page) if script.strip()
    }
    return [f"'sha256-{digest}'" for digest in sorted(digests)]
