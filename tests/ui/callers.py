"""Browsers with one cookie or another, in front of routes behind the gate; and what handlers get of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gradio as gr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.testclient import TestClient

from agent.keys import Keys
from ui.asking import CALLER, OWNER, Caller, Way
from ui.gate import COOKIE, Gate, owner_of_cookie

__all__ = ["OTHER_OWNER", "OTHER_TOKEN", "OWNER_OF_TOKEN", "TOKEN", "asked_by", "browser"]

TOKEN, OTHER_TOKEN = "a" * 32, "b" * 32
OWNER_OF_TOKEN, OTHER_OWNER = owner_of_cookie(TOKEN), owner_of_cookie(OTHER_TOKEN)


def browser(
    routes: Sequence[BaseRoute],
    token: str | None = TOKEN,
    headers: Mapping[str, str] | None = None,
    keys: Keys | None = None,
) -> TestClient:
    """With the cookie `token`, or none."""
    app = Starlette(routes=[*routes], middleware=[Middleware(Gate, host="127.0.0.1", keys=keys)])
    cookies = {COOKIE: token} if token else None
    return TestClient(app, base_url="http://127.0.0.1:7860", cookies=cookies, headers=headers)


def asked_by(token: str, language: str = "en", way: Way = Way.COOKIE) -> gr.Request:
    """As a handler of the page gets it."""
    headers, owner = [(b"accept-language", language.encode())], owner_of_cookie(token)
    found = {OWNER: owner, CALLER: Caller(owner=owner, way=way)}
    return gr.Request(Request({"type": "http", "headers": headers, **found}))
