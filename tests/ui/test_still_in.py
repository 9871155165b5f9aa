"""A stream that was opened with a sign-in or a key ends when that does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Scope

from agent.keys import Keys
from agent.people.sign_ins import SignIns
from agent.sessions import Sessions
from ui import still_in as module
from ui.asking import CALLER, Caller, Way
from ui.still_in import StillIn

OWNER = "hf:77"
NUM_PIECES = 6


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sessions]:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    sessions = Sessions(f"sqlite:///{tmp_path}/reverie.db")
    yield sessions
    sessions.close()


def heard(
    sessions: Sessions, caller: Caller | None, end: Callable[[], object], token: str = "", kind: str = ""
) -> bytes:
    """What somebody hears of a stream, in the middle of which `end` happens."""

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(NUM_PIECES):
            if number == NUM_PIECES // 2:
                end()
            yield str(number).encode()

    async def app(scope: Scope, receive: object, send: object) -> None:
        response: Response = StreamingResponse(pieces(), media_type=kind or "text/event-stream")
        await response(scope, receive, send)  # type: ignore[arg-type]

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers, CALLER: caller}
    asyncio.run(StillIn(app, Keys(sessions), SignIns(sessions))(scope, receive, send))
    assert [each.get("more_body", False) for each in sent[1:]].count(False) == 1, "it is closed once"
    assert not sent[-1].get("more_body", False)
    return b"".join(each.get("body", b"") for each in sent[1:])


def nothing() -> None:
    pass


def test_signing_out_ends_a_stream(sessions: Sessions) -> None:
    new = SignIns(sessions).open(OWNER, "anna")
    caller = Caller(owner=OWNER, way=Way.SIGN_IN, sign_in=new.sign_in.id)
    assert heard(sessions, caller, nothing) == b"012345"
    assert heard(sessions, caller, lambda: SignIns(sessions).end(new.sign_in.id)) == b"012"


def test_withdrawing_a_key_ends_a_stream(sessions: Sessions) -> None:
    new = Keys(sessions).create(OWNER, "x")
    caller = Caller(owner=OWNER, way=Way.KEY)
    assert heard(sessions, caller, nothing, new.token) == b"012345"
    assert heard(sessions, caller, lambda: Keys(sessions).revoke(new.key.id, OWNER), new.token) == b"012"


def test_what_is_no_stream_is_sent_whole(sessions: Sessions) -> None:
    new = SignIns(sessions).open(OWNER, "anna")
    caller = Caller(owner=OWNER, way=Way.SIGN_IN, sign_in=new.sign_in.id)
    assert heard(sessions, caller, lambda: SignIns(sessions).end_all(OWNER), kind="text/plain") == b"012345"


@pytest.mark.parametrize("caller", [None, Caller(owner="c" * 64, way=Way.COOKIE)])
def test_a_browsers_own_cookie_does_not_end(sessions: Sessions, caller: Caller | None) -> None:
    assert heard(sessions, caller, nothing) == b"012345"
