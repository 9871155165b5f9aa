"""Whose quota pays where cards are lent: `spaces` reads it from Gradio's request in the context of a call."""

from __future__ import annotations

import gradio as gr
from gradio.context import LocalContext
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["PayerKnown"]


class PayerKnown:
    """ASGI middleware, for the doors that are ours: Gradio sets the request for its own events alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            LocalContext.request.set(gr.Request(Request(scope)))
        await self.app(scope, receive, send)
