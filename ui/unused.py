"""Doors of Gradio's that the page has no use for, shut: for its makers, for recordings, for other servers."""

from __future__ import annotations

import re

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["UnusedDoors"]

UNUSED = re.compile(
    r"/(login|logout|monitoring|pwa_icon|svelte|openapi\.json)(/.*)?"
    r"|/gradio_api/(dev/.*|(undo-)?vibe-.*|proxy=.*|deep_link|process_recording|runs|run-history/.*"
    r"|custom_component/.*|stream/.*|(call|api)/.*|component_server|token|user|openapi\.json)/?",
    re.DOTALL,
)


class UnusedDoors:
    """ASGI middleware behind the gate."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and UNUSED.fullmatch(scope["path"]):
            await PlainTextResponse("There is no such page here.", status_code=404)(scope, receive, send)
        else:
            await self.app(scope, receive, send)
