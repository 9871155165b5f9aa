"""Which scripts the page may run."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.ui.callers import TOKEN
from ui.cookies import COOKIE
from ui.gate import Gate
from ui.inline_scripts import InlineScripts, hashes_of

PAGE = "<html><script>first()</script><script type='module'>\n second('é') </script><p>words</p></html>"
ADDED = "<script>third()</script>"


async def page(_: Request) -> StreamingResponse:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(PAGE), 7):
            yield PAGE[start : start + 7].encode()

    return StreamingResponse(pieces(), media_type="text/html")


async def other(_: Request) -> HTMLResponse:
    return HTMLResponse(PAGE)


def visitor() -> TestClient:
    app = Starlette(
        routes=[Route("/", page), Route("/other", other)],
        middleware=[
            Middleware(Gate, host="127.0.0.1"),
            Middleware(GZipMiddleware, minimum_size=1),
            Middleware(InlineScripts, added=ADDED),
        ],
    )
    return TestClient(app, base_url="http://127.0.0.1:7860", cookies={COOKIE: TOKEN})


def hashed(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


def scripts_allowed(policy: str) -> set[str]:
    (directive,) = (each for each in policy.split("; ") if each.startswith("script-src "))
    return set(directive.split()[1:])


def test_the_page_may_run_what_it_came_with_and_what_is_added() -> None:
    answer = visitor().get("/")
    scripts = ("first()", "\n second('é') ", "third()")
    allowed = scripts_allowed(answer.headers["content-security-policy"])
    assert allowed == {"'self'", "'unsafe-eval'", "blob:", *map(hashed, scripts)}
    assert (answer.text, answer.headers["content-encoding"]) == (PAGE, "gzip")


def test_no_other_answer_allows_scripts_that_stand_in_it() -> None:
    answer = visitor().get("/other")
    assert scripts_allowed(answer.headers["content-security-policy"]) == {"'self'", "'unsafe-eval'", "blob:"}


def test_scripts_from_elsewhere_have_no_hash() -> None:
    assert [*hashes_of(b'<script src="/assets/x.js"></script><SCRIPT>a</SCRIPT ><scripted>b</scripted>')] == [
        hashed("a")
    ]
