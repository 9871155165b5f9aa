"""Files are refused by owner, size and number before they are read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from agent.limits import Limits, Rates
from agent.uploads import MAX_BYTES
from tests.ui.callers import TOKEN
from ui.cookies import COOKIE
from ui.gate import Gate
from ui.uploading import UploadGuard

PATH = "/gradio_api/upload"


async def take(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


def client(token: str | None = TOKEN, uploads_an_hour: int = 1) -> TestClient:
    rates = Rates(Limits(uploads_an_hour=uploads_an_hour))
    app = Starlette(
        routes=[Route(PATH, take, methods=["POST"]), Route("/other", take, methods=["POST"])],
        middleware=[Middleware(Gate, host="127.0.0.1"), Middleware(UploadGuard, rates=rates)],
    )
    return TestClient(app, base_url="http://127.0.0.1:7860", cookies={COOKIE: token} if token else None)


def test_an_owner_may_send_so_many_an_hour() -> None:
    browser = client()
    assert [browser.post(PATH, content=b"x").status_code for _ in range(3)] == [200, 200, 429]
    refused = browser.post(f"{PATH}/", content=b"x")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 3_600
    assert browser.post("/other", content=b"x").status_code == 200


def test_nobody_sends_nothing() -> None:
    assert client(token=None).post(PATH, content=b"x").status_code == 403


def test_what_is_too_much_is_refused_unread() -> None:
    headers = {"content-length": str(4 * MAX_BYTES + 65_537)}
    assert client().post(PATH, content=b"x", headers=headers).status_code == 413


def test_a_large_one_counts_for_several() -> None:
    browser = client(uploads_an_hour=1)
    headers = {"content-length": str(2 * MAX_BYTES)}
    assert browser.post(PATH, content=b"x", headers=headers).status_code == 200
    assert browser.post(PATH, content=b"x").status_code == 429


def test_a_length_is_told_before() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x"

    assert client().post(PATH, content=pieces()).status_code == 411


@pytest.mark.parametrize("length", ["-1", "1e9", "x", ""])
def test_a_length_is_a_number(length: str) -> None:
    assert client().post(PATH, content=b"x", headers={"content-length": length}).status_code == 411
