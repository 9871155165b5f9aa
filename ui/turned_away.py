"""Where people sign in: what strangers may open, and what all else tells them."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import Receive, Scope, Send

__all__ = ["is_for_all", "own_place", "turned_away"]

FOR_ALL = re.compile(
    r"/sign-in(/huggingface(/back)?)?|/plain\.css|/plain\.svg|/favicon\.ico"
    r"|/shared/[0-9a-f]{32}(/pictures/[0-9a-f]{32})?|/v1/images/files/[\w-]{32}|/healthz|/readyz|/metrics"
)
"""/metrics has a token of its own; a link to a picture is one."""
MOST_CHARACTERS = 300
NO_STORE = {"Cache-Control": "no-store"}


def is_for_all(path: str) -> bool:
    return FOR_ALL.fullmatch(path) is not None


async def turned_away(scope: Scope, receive: Receive, send: Send) -> None:
    """A browser that goes to a page is led to the sign-in; a program hears 401."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    elif is_visit(scope):
        query = scope.get("query_string", b"").decode("latin-1")
        wanted = own_place(f"{scope['path']}{'?' if query else ''}{query}")
        address = "/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='')}"
        await RedirectResponse(address, status_code=303, headers=NO_STORE)(scope, receive, send)
    else:
        error = {
            "message": "Please sign in, or bring a key: Authorization: Bearer rv-…",
            "type": "authentication_error",
            "param": None,
            "code": "invalid_api_key",
        }
        headers = {"WWW-Authenticate": "Bearer", **NO_STORE}
        answer = JSONResponse({"error": error}, status_code=401, headers=headers)
        await answer(scope, receive, send)


def is_visit(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if scope["method"] not in {"GET", "HEAD"} or "authorization" in headers:
        return False
    mode = headers.get("sec-fetch-mode")
    return mode == "navigate" if mode else "text/html" in headers.get("accept", "")


def own_place(wanted: str) -> str:
    """A page here to go to after signing in; the first one for any other text."""
    if len(wanted) > MOST_CHARACTERS or not wanted.startswith("/") or not wanted.isprintable():
        return "/"
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    is_elsewhere = parts.scheme or parts.netloc or wanted.startswith("//") or "\\" in wanted
    return "/" if is_elsewhere or parts.path.startswith("/sign-") else wanted
