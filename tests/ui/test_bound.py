"""Sessions, events and files that Gradio knows by a name alone: whose they are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.ui.callers import OTHER_TOKEN, TOKEN
from ui.bound import MOST_BODY_BYTES, Bound, Names, fields_of
from ui.cookies import COOKIE
from ui.gate import Gate

FILE = "/tmp/gradio/abc/cat.png"
BASE = "/gradio_api"


async def join(request: Request) -> JSONResponse:
    assert (await request.json())["session_hash"]
    return JSONResponse({"event_id": "e1"})


async def upload(request: Request) -> JSONResponse:
    await request.body()
    return JSONResponse([FILE])


async def told(request: Request) -> PlainTextResponse:
    await request.body()
    return PlainTextResponse("told")


class Two:
    """Two browsers at one app; what the app keeps lasts as long as the test."""

    def __init__(self) -> None:
        app = Starlette(
            routes=[
                Route(f"{BASE}/queue/join", join, methods=["POST"]),
                Route(f"{BASE}/upload", upload, methods=["POST"]),
                Route(f"{BASE}/{{rest:path}}", told, methods=["GET", "POST"]),
                Route("/{rest:path}", told, methods=["GET", "POST"]),
            ],
            middleware=[Middleware(Gate, host="127.0.0.1"), Middleware(Bound)],
        )
        url = "http://127.0.0.1:7860"
        self.one = TestClient(app, base_url=url, cookies={COOKIE: TOKEN})
        self.other = TestClient(app, base_url=url, cookies={COOKIE: OTHER_TOKEN})
        self.nobody = TestClient(app, base_url=url)

    def begin(self) -> None:
        """The one joins with a page of theirs, and uploads a file."""
        assert self.one.post(f"{BASE}/queue/join", json={"session_hash": "p1"}).json() == {"event_id": "e1"}
        assert self.one.post(f"{BASE}/upload?upload_id=u1", content=b"x").json() == [FILE]


def is_there(client: TestClient, method: str, path: str, body: Any = None) -> bool:
    answer = client.request(method, f"{BASE}/{path}", json=body)
    assert answer.status_code in {200, 403, 404}
    return answer.status_code == 200


NAMING = [
    ("GET", "queue/data?session_hash=p1", None),
    ("GET", "queue/data?session_hash=x&session_hash=p1", None),
    ("GET", "heartbeat/p1", None),
    ("GET", "upload_progress?upload_id=u1", None),
    ("POST", "upload?upload_id=u1", None),
    ("POST", "queue/join", {"session_hash": "p1"}),
    ("POST", "run/predict", {"session_hash": "p1"}),
    ("POST", "component_server", {"session_hash": "p1"}),
    ("POST", "cancel", {"session_hash": "own", "event_id": "e1"}),
    ("POST", "cancel/", {"session_hash": "own", "event_id": "e1"}),
    ("POST", "reset", {"event_id": "e1"}),
    ("GET", "call/predict/e1", None),
    ("GET", "call/v2/predict/e1", None),
    ("GET", "call/v2/e1", None),
    ("GET", "stream/e1/1/2/playlist.m3u8", None),
    ("POST", "stream/e1", {}),
    ("GET", f"file={FILE}", None),
    ("GET", f"file=/tmp/gradio/x/..{FILE.removeprefix('/tmp/gradio')}", None),
    ("GET", f"file={FILE.replace('/abc', '//abc')}", None),
    ("POST", "queue/join", {"session_hash": "own", "data": [{"files": [{"path": FILE}]}]}),
]


@pytest.mark.parametrize(("method", "path", "body"), NAMING)
def test_what_is_theirs_is_there_for_them_alone(method: str, path: str, body: Any) -> None:
    two = Two()
    two.begin()
    assert is_there(two.one, method, path, body)
    assert not is_there(two.other, method, path, body)
    assert not is_there(two.nobody, method, path, body)


@pytest.mark.parametrize("body", [{"event_id": "guess"}, {"event_id": "e1"}, {"event_id": ""}])
def test_an_event_that_nobody_was_told_of_is_not_there(body: Any) -> None:
    assert not is_there(Two().one, "POST", "cancel", body)


def test_a_refused_claim_leaves_no_claim_behind() -> None:
    """Who names a page of another beside a new one does not get the new one either."""
    two = Two()
    two.begin()
    assert not is_there(two.other, "POST", "queue/join", {"session_hash": "p2", "data": [{"path": FILE}]})
    assert is_there(two.one, "GET", "queue/data?session_hash=p2")


def test_other_places_are_left_alone() -> None:
    assert Two().nobody.post("/other", json={"event_id": "e1"}).text == "told"


def test_a_body_without_end_is_refused() -> None:
    content = b"x" * (MOST_BODY_BYTES + 1)
    assert Two().one.post(f"{BASE}/queue/join", content=content).status_code == 413


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 90_000, b"9" * 5_000])
def test_what_cannot_be_parsed_is_not_handed_on(content: bytes) -> None:
    assert Two().one.post(f"{BASE}/reset", content=content).status_code == 400


@pytest.mark.parametrize("content", [b"", b'"text"', b"null"])
def test_what_names_nothing_is_handed_on(content: bytes) -> None:
    assert Two().one.post(f"{BASE}/reset", content=content).text == "told"


def test_a_body_of_very_many_parts_is_refused_unparsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.bound.fields_of", lambda body: pytest.fail("it was parsed"))
    content = b"[" + b"[]," * 60_000 + b"0]"
    assert Two().one.post(f"{BASE}/queue/join", content=content).status_code == 413


def test_a_body_is_walked_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_a_thread(body: Any) -> list[tuple[str, str]]:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return [*fields_of(body)]

    monkeypatch.setattr("ui.bound.fields_of", in_a_thread)
    assert Two().one.post(f"{BASE}/queue/join", json={"session_hash": "p1"}).status_code == 200


def test_nobody_is_refused_unread() -> None:
    two = Two()

    def unread() -> Iterator[bytes]:
        yield b"{"
        yield b"x" * (MOST_BODY_BYTES + 1)

    assert two.nobody.post(f"{BASE}/queue/join", content=unread()).status_code == 403
    assert two.one.post(f"{BASE}/queue/join", content=unread()).status_code == 413


def test_the_body_arrives_as_it_was_sent() -> None:
    body = {"session_hash": "p1", "data": ["words", 1, None, {"deep": [{"session_hash": "p1"}]}]}
    assert sorted(fields_of(json.loads(json.dumps(body)))) == [("session_hash", "p1"), ("session_hash", "p1")]
    assert Two().one.post(f"{BASE}/queue/join", json=body).status_code == 200


def test_files_that_nobody_uploaded_are_not_there() -> None:
    assert not is_there(Two().one, "GET", f"file={FILE}")


def test_names_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.bound.MOST_NAMES", 2)
    names = Names()
    for name in ("a", "b"):
        names.give(name, "anna")
    assert names.is_free_or_of("a", "anna")
    names.give("c", "anna")
    assert [names.is_of(name, "anna") for name in ("a", "b", "c")] == [True, False, True]


def test_nobody_loses_names_by_what_another_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.bound.MOST_NAMES", 2)
    names = Names()
    names.give("a", "anna")
    for number in range(10):
        names.give(f"flood {number}", "ben")
    names.give("a", "ben")
    assert (names.is_of("a", "anna"), names.is_free_or_of("a", "ben")) == (True, False)


def test_whoever_has_been_away_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.bound.MOST_OWNERS", 2)
    names = Names()
    names.give("a", "anna")
    names.give("b", "ben")
    assert names.is_of("a", "anna")
    names.give("c", "carl")
    assert [names.is_of("a", "anna"), names.is_of("b", "ben"), names.is_of("c", "carl")] == [
        True,
        False,
        True,
    ]


def test_what_somebody_has_uploaded_and_not_sent_can_be_deleted(tmp_path: Path) -> None:
    names, mine, theirs = Names(), tmp_path / "mine.jpg", tmp_path / "theirs.jpg"
    for file, owner in ((mine, "ann"), (theirs, "bob")):
        file.write_bytes(b"a place in its EXIF")
        names.give(f"file {file}", owner)
    names.give("page p1", "ann")
    names.give(f"file {tmp_path / 'gone.jpg'}", "ann")
    names.forget_files("ann")
    assert (mine.exists(), theirs.exists()) == (False, True)
    assert not names.is_free_or_of(f"file {mine}", "bob")
