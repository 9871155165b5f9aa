"""Who may speak to the server, and as whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from agent.keys import Keys
from agent.sessions import Sessions
from tests.ui.callers import browser
from ui.gate import COOKIE, Gate, owner_of, owner_of_cookie


def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(owner_of(request) or "nobody")


def client(host: str = "127.0.0.1:7860") -> TestClient:
    app = Starlette(
        routes=[Route("/", echo), Route("/other", echo, methods=["GET", "POST"])],
        middleware=[Middleware(Gate, host="127.0.0.1")],
    )
    return TestClient(app, base_url=f"http://{host}", follow_redirects=False)


def test_the_first_visit_gives_a_cookie_that_the_second_one_keeps() -> None:
    browser = client()
    first = browser.get("/")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert f"Max-Age={365 * 24 * 3600}" in cookie
    token = browser.cookies[COOKIE]
    assert len(token) == 32
    owner = browser.get("/").text
    assert browser.cookies[COOKIE] == token
    assert owner == browser.get("/other").text != "nobody"


def test_two_browsers_are_two_owners() -> None:
    one, two = client(), client()
    one.get("/")
    two.get("/")
    assert one.get("/other").text != two.get("/other").text


def test_the_owner_is_not_the_cookie_itself() -> None:
    token = "0123456789abcdef" * 2
    assert token not in owner_of_cookie(token)


@pytest.mark.parametrize("token", ["", "short", "g" * 32, "A" * 32, "0" * 33, "../../etc/passwd"])
def test_a_cookie_that_we_did_not_make_is_nobody(token: str) -> None:
    assert client().get("/other", headers={"cookie": f"{COOKIE}={token}"}).text == "nobody"


def test_only_the_page_gives_cookies() -> None:
    assert "set-cookie" not in client().get("/other").headers


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:7860", "192.168.1.5:7860", "127.0.0.1.evil.test", ""]
)
@pytest.mark.parametrize("path", ["/", "/other"])
def test_a_foreign_host_is_refused(host: str, path: str) -> None:
    answer = client().get(path, headers={"host": host})
    assert (answer.status_code, answer.content) == (403, b"")


@pytest.mark.parametrize(
    "origin", ["null", "http://evil.test", "http://127.0.0.1:8000", "https://127.0.0.1:7860"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_foreign_origin_is_refused_reads_too(origin: str, method: str) -> None:
    answer = client().request(method, "/other", headers={"origin": origin})
    assert (answer.status_code, answer.content) == (403, b"")


def test_our_own_page_may_write() -> None:
    headers = {"origin": "http://127.0.0.1:7860", "sec-fetch-site": "same-origin"}
    assert client().post("/other", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("site", "mode", "method", "status"),
    [
        ("cross-site", "no-cors", "GET", 403),
        ("same-site", "no-cors", "GET", 403),
        ("cross-site", "navigate", "GET", 200),
        ("cross-site", "navigate", "POST", 403),
        ("none", "navigate", "GET", 200),
    ],
)
def test_another_site_may_link_to_us_and_no_more(site: str, mode: str, method: str, status: int) -> None:
    headers = {"sec-fetch-site": site, "sec-fetch-mode": mode}
    assert client().request(method, "/other", headers=headers).status_code == status


def test_the_page_lives_under_one_name() -> None:
    answer = client("localhost:7860").get("/?chat=abc")
    assert answer.status_code == 307
    assert answer.headers["location"] == "http://127.0.0.1:7860/?chat=abc"
    assert "set-cookie" not in answer.headers


def test_every_answer_says_what_the_page_may_load() -> None:
    policy = client().get("/other").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http:" not in policy
    assert client().get("/other").headers["x-content-type-options"] == "nosniff"


def test_a_program_brings_a_key_and_speaks_for_the_owner_who_made_it(tmp_path: Path) -> None:
    keys = Keys(Sessions(f"sqlite:///{tmp_path / 'reverie.db'}"))
    made = keys.create("anna", "Open WebUI")
    program = browser([Route("/other", echo)], token=None, keys=keys)
    assert program.get("/other", headers={"authorization": f"Bearer {made.token}"}).text == "anna"
    assert program.get("/other").text == "nobody"
    keys.revoke(made.key.id, "anna")
    assert program.get("/other", headers={"authorization": f"Bearer {made.token}"}).text == "nobody"


def test_a_wrong_key_is_nobody_whatever_the_cookie_says(tmp_path: Path) -> None:
    keys = Keys(Sessions(f"sqlite:///{tmp_path / 'reverie.db'}"))
    wrong = {"authorization": "Bearer rv-" + "x" * 43}
    assert browser([Route("/other", echo)], keys=keys).get("/other", headers=wrong).text == "nobody"
