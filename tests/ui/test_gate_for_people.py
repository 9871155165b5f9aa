"""The gate where people sign in, under a public name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from agent.keys import Keys
from agent.people.sign_ins import SignIns
from agent.sessions import Sessions
from ui.gate import Gate, OnlyThroughGate, owner_of

PUBLIC_URL = "https://pictures.test"
COOKIE = "__Host-reverie_sign_in"


def told(request: Request) -> JSONResponse:
    """What a route behind the gate gets to know."""
    headers = {
        "Access-Control-Allow-Origin": request.headers.get("origin", "*"),
        "Access-Control-Allow-Credentials": "true",
    }
    known = {"owner": owner_of(request), "url": str(request.url), "headers": [*request.headers]}
    return JSONResponse(known, headers=headers)


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(owner_of(socket) or "nobody")
    await socket.close()


class Gated:
    """An app behind the gate, with somebody who is signed in and a program with a key."""

    def __init__(self, folder: Path, public_url: str = PUBLIC_URL) -> None:
        self.sessions = Sessions(f"sqlite:///{folder / 'reverie.db'}")
        sign_ins, keys = SignIns(self.sessions), Keys(self.sessions)
        self.token = sign_ins.open("hf:anna", "anna").token
        self.key = keys.create("hf:ben", "x").token
        paths = ("/", "/config", "/v1/models", "/sign-in", "/shared/" + "a" * 32, "/healthz", "/metrics")
        self.app = Starlette(
            routes=[
                *(Route(path, told, methods=["GET", "POST"]) for path in paths),
                WebSocketRoute("/socket", echo),
            ],
            middleware=[
                Middleware(Gate, host="127.0.0.1", keys=keys, public_url=public_url, sign_ins=sign_ins)
            ],
        )
        self.url = public_url

    def client(self, **cookies: str) -> TestClient:
        return TestClient(self.app, base_url=self.url, cookies=cookies, follow_redirects=False)

    @property
    def signed_in(self) -> TestClient:
        return self.client(**{COOKIE: self.token})


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[Gated]:
    gated = Gated(tmp_path)
    yield gated
    gated.sessions.close()


@pytest.mark.parametrize(
    "path", ["/", "/config", "/v1/models", "/nowhere", "/shared/x", "/sign-in/x", "/healthz/"]
)
def test_a_stranger_gets_nowhere(gated: Gated, path: str) -> None:
    client = gated.client(reverie_owner="a" * 32)
    program = client.get(path)
    assert (program.status_code, program.headers["www-authenticate"]) == (401, "Bearer")
    assert "Please sign in" in program.json()["error"]["message"]
    browser = client.get(path, headers={"sec-fetch-mode": "navigate", "sec-fetch-site": "none"})
    assert browser.status_code == 303
    assert browser.headers["location"].startswith("/sign-in")
    assert client.post(path, headers={"accept": "text/html"}).status_code == 401


@pytest.mark.parametrize("path", ["/sign-in", "/shared/" + "a" * 32, "/healthz", "/metrics"])
def test_some_places_are_for_all(gated: Gated, path: str) -> None:
    assert gated.client().get(path).json()["owner"] is None


def test_whoever_is_signed_in_or_brings_a_key_comes_in(gated: Gated) -> None:
    assert gated.signed_in.get("/").json()["owner"] == "hf:anna"
    program = gated.client().get("/v1/models", headers={"authorization": f"Bearer {gated.key}"})
    assert program.json()["owner"] == "hf:ben"


def test_a_wrong_key_is_nobody_whatever_the_cookie_says(gated: Gated) -> None:
    wrong = {"authorization": "Bearer rv-" + "x" * 43}
    assert gated.signed_in.get("/v1/models", headers=wrong).status_code == 401


@pytest.mark.parametrize("cookie", [{COOKIE: "x" * 43}, {COOKIE: ""}, {"reverie_sign_in": "{token}"}])
def test_a_cookie_that_we_did_not_give_is_nobody(gated: Gated, cookie: dict[str, str]) -> None:
    """One without the prefix may come from a neighbour under the same domain."""
    cookies = {name: value.format(token=gated.token) for name, value in cookie.items()}
    assert gated.client(**cookies).get("/config").status_code == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "127.0.0.1",
        "localhost",
        "pictures.test:80",
        "pictures.test.evil.test",
        "u@pictures.test",
        "",
    ],
)
def test_it_has_one_name(gated: Gated, host: str) -> None:
    answer = gated.signed_in.get("/config", headers={"host": host})
    assert (answer.status_code, answer.content) == (403, b"")


@pytest.mark.parametrize("host", ["pictures.test", "pictures.test:443", "PICTURES.test"])
def test_the_name_may_be_written_as_browsers_do(gated: Gated, host: str) -> None:
    cookies = {"cookie": f"{COOKIE}={gated.token}"}
    assert gated.client().get("/config", headers={"host": host, **cookies}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://pictures.test", "https://pictures.test:444", "null", "https://evil.test"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_another_origin_is_refused_reads_and_preflights_too(gated: Gated, origin: str, method: str) -> None:
    headers = {"origin": origin, "access-control-request-method": "POST"}
    answer = gated.signed_in.request(method, "/config", headers=headers)
    assert (answer.status_code, answer.content) == (403, b"")
    assert [name for name in answer.headers if name.startswith("access-control")] == []


def test_no_answer_lets_other_sites_read(gated: Gated) -> None:
    answer = gated.signed_in.get("/config", headers={"origin": PUBLIC_URL})
    assert answer.status_code == 200
    assert [name for name in answer.headers if name.startswith("access-control")] == []


def test_what_a_request_says_of_the_way_it_came_is_not_believed(gated: Gated) -> None:
    headers = {"x-forwarded-host": "evil.test", "x-forwarded-proto": "http", "x-gradio-server": "http://evil"}
    known = gated.signed_in.get("/config", headers=headers).json()
    assert known["url"] == "https://pictures.test/config"
    assert not {*headers} & {*known["headers"]}


def test_behind_a_proxy_that_ends_the_encryption_the_app_knows_its_own_scheme(gated: Gated) -> None:
    plain = TestClient(gated.app, base_url="http://pictures.test", cookies={COOKIE: gated.token})
    assert plain.get("/config").json()["url"] == "https://pictures.test/config"
    assert plain.post("/config", headers={"origin": PUBLIC_URL}).status_code == 200


def test_those_who_run_the_machine_ask_under_any_name(gated: Gated) -> None:
    assert gated.client().get("/healthz", headers={"host": "10.0.0.7:7860"}).status_code == 200
    elsewhere = {"host": "10.0.0.7:7860"}
    assert gated.client().get("/metrics", headers=elsewhere).status_code == 403
    token = {**elsewhere, "authorization": "Bearer sesame"}
    assert gated.client().get("/metrics", headers=token).status_code == 200, "the route asks for its token"
    beside = {"host": "127.0.0.1:7860"}
    assert gated.client().get("/metrics", headers=beside).status_code == 200, "so does who runs beside it"
    for page in ({"origin": "https://evil.test"}, {"sec-fetch-site": "cross-site"}):
        assert gated.client().get("/healthz", headers={**elsewhere, **page}).status_code == 403
        assert gated.client().get("/metrics", headers={**token, **page}).status_code == 403


def test_a_program_with_a_key_may_call_by_another_name(gated: Gated) -> None:
    """A chat product in the next container says `reverie:7860`, or `host.docker.internal`."""
    client, key = TestClient(gated.app, base_url="http://reverie:7860"), f"Bearer {gated.key}"
    answer = client.get("/v1/models", headers={"authorization": key})
    assert answer.status_code == 200
    assert (answer.json()["owner"], answer.json()["url"]) == ("hf:ben", "http://reverie:7860/v1/models")
    refused: tuple[tuple[str, dict[str, str]], ...] = (
        ("/v1/models", {}),
        ("/v1/models", {"authorization": "Bearer rv-wrong"}),
        ("/v1/models", {"authorization": key, "origin": "http://reverie:7860"}),
        ("/v1/models", {"authorization": key, "sec-fetch-site": "same-origin"}),
        ("/v1/models", {"cookie": f"{COOKIE}={gated.token}"}),
        ("/config", {"authorization": key}),
    )
    for path, headers in refused:
        assert client.get(path, headers=headers).status_code == 403, (path, headers)
    assert client.get("/v1/models").json()["error"]["code"] == "unknown_host"


def test_a_socket_asks_too(gated: Gated) -> None:
    client, cookie = gated.client(), {"cookie": f"{COOKIE}={gated.token}"}
    with client.websocket_connect("wss://pictures.test/socket", headers=cookie) as socket:
        assert socket.receive_text() == "hf:anna"
    for headers in ({}, {**cookie, "origin": "https://evil.test"}):
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect("wss://pictures.test/socket", headers=headers),
        ):
            pass


def test_pictures_kept_by_a_browser_are_for_whoever_was_signed_in(gated: Gated) -> None:
    assert "Cookie" in gated.signed_in.get("/config").headers["vary"]


def test_without_encryption_the_cookie_has_a_name_that_browsers_take(tmp_path: Path) -> None:
    gated = Gated(tmp_path, "http://box.test:7860")
    assert gated.client(reverie_sign_in=gated.token).get("/config").json()["owner"] == "hf:anna"
    gated.sessions.close()


def test_nothing_comes_in_beside_the_gate() -> None:
    def open_to_all(request: Request) -> PlainTextResponse:
        return PlainTextResponse("in")

    app = Starlette(routes=[Route("/config", open_to_all)], middleware=[Middleware(OnlyThroughGate)])
    assert TestClient(app).get("/config").status_code == 403
    app.middleware_stack = Gate(app.build_middleware_stack(), "127.0.0.1")
    assert TestClient(app, base_url="http://127.0.0.1:7860").get("/config").text == "in"
