"""Signing in through a provider: only whoever began here, once, soon, with a token that holds."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from tests.browser.server import free_port
from tests.ui.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.ui.residence import PUBLIC_URL, Residence, Visitor
from ui.home import Home
from ui.hugging_face import VISIT_SECONDS, HuggingFace

BACK = "/sign-in/huggingface/back"


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Space:
    """The app, the provider, and the way between them."""

    def __init__(self, folder: Path) -> None:
        self.provider = Provider(port=free_port())
        self.provider.start()
        self.clock = Clock()
        client = HuggingFace(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            provider_url=self.provider.url,
            back_url=PUBLIC_URL + BACK,
            now=self.clock,
        )
        home = Home(host="0.0.0.0", public_url=PUBLIC_URL, signs_in=True, provider=client)
        self.residence = Residence(folder, home)

    def go(self, visitor: Visitor, wanted: str = "/who") -> str:
        """Where the provider's page is."""
        answer = visitor.get("/sign-in/huggingface", params={"next": wanted})
        assert answer.status_code == 303
        return answer.headers["location"]

    def come_back(self, visitor: Visitor, address: str, **changed: str) -> httpx.Response:
        state = parse_qs(urlsplit(address).query)["state"][0]
        told = {"state": state, "code": self.provider.agree(address)} | changed
        headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
        return visitor.get(BACK, params=told, headers=headers)


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Space]:
    space = Space(tmp_path)
    yield space
    space.provider.stop()
    space.residence.close()


def is_refused(answer: httpx.Response, visitor: Visitor) -> bool:
    is_outside = visitor.get("/who").status_code == 303
    return answer.headers["location"] == "/sign-in?refused=1" and is_outside


def test_whom_the_provider_vouches_for_comes_in(space: Space) -> None:
    visitor = space.residence.visitor()
    page = visitor.get("/sign-in?next=/who")
    assert "/sign-in/huggingface?next=%2Fwho" in page.text
    assert 'type="password"' not in page.text
    assert "frame-ancestors 'self' https://huggingface.co" in page.headers["content-security-policy"]
    answer = space.come_back(visitor, space.go(visitor))
    assert (answer.status_code, answer.headers["location"]) == (303, "/who")
    assert visitor.get("/who").text == "hf:0123456789abcdef"
    assert "<strong>anna</strong>" in visitor.get("/account").text
    again = space.residence.visitor()
    space.come_back(again, space.go(again))
    assert again.get("/who").text == "hf:0123456789abcdef"


FRAMED = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}


def test_in_the_frame_around_a_space_cookies_come_along_and_other_sites_still_do_nothing(
    space: Space,
) -> None:
    visitor = space.residence.visitor()
    asked = visitor.get("/sign-in/huggingface")
    answer = space.come_back(visitor, asked.headers["location"])
    cookies = [*asked.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
    assert {each.split("=")[0] for each in cookies} == {"__Host-reverie_state", "__Host-reverie_sign_in"}
    assert all(each.endswith("; HttpOnly; SameSite=None; Secure") for each in cookies)
    assert "SameSite=None" in visitor.send_form("/sign-out").headers["set-cookie"]
    space.come_back(visitor, space.go(visitor))
    page = visitor.get("/", headers=FRAMED)
    assert page.status_code == 200
    assert "frame-ancestors 'self' https://huggingface.co" in page.headers["content-security-policy"]
    assert "'none'" not in page.headers["content-security-policy"].split("frame-ancestors")[1]
    elsewhere = {"origin": "https://huggingface.co", "sec-fetch-site": "cross-site"}
    for mode in ("navigate", "cors", "no-cors"):
        assert visitor.post("/who", headers=elsewhere | {"sec-fetch-mode": mode}).status_code == 403
        assert visitor.post("/who", headers=FRAMED | {"sec-fetch-mode": mode}).status_code == 403
    for mode in ("cors", "no-cors", "websocket"):
        assert visitor.get("/who", headers=FRAMED | {"sec-fetch-mode": mode}).status_code == 403
    assert visitor.post("/sign-out", headers={"origin": "null"}).status_code == 403
    assert visitor.get("/who").status_code == 200


def test_where_there_is_no_such_frame_nothing_changes(tmp_path: Path) -> None:
    residence = Residence(tmp_path)
    residence.add("ann")
    visitor = residence.visitor()
    assert "SameSite=Lax; Secure" in visitor.sign_in("ann").headers["set-cookie"]
    assert "frame-ancestors 'none'" in visitor.get("/").headers["content-security-policy"]
    residence.close()


def test_the_question_is_bound_to_the_browser_and_says_nothing_of_secrets(space: Space) -> None:
    visitor = space.residence.visitor()
    address = space.go(visitor)
    query = parse_qs(urlsplit(address).query)
    assert query["redirect_uri"] == [PUBLIC_URL + BACK]
    assert query["scope"] == ["openid profile"]
    assert len(query["state"][0]) >= 43
    assert len(query["nonce"][0]) >= 43
    assert CLIENT_SECRET not in address
    assert visitor.cookies["__Host-reverie_state"] == query["state"][0]


@pytest.mark.parametrize("changed", [{"state": "x" * 64}, {"state": ""}, {"code": ""}, {"code": "x"}])
def test_a_wrong_state_or_code_is_refused(space: Space, changed: dict[str, str]) -> None:
    visitor = space.residence.visitor()
    assert is_refused(space.come_back(visitor, space.go(visitor), **changed), visitor)


def test_a_link_from_another_browser_signs_nobody_in(space: Space) -> None:
    attacker, victim = space.residence.visitor(), space.residence.visitor()
    address = space.go(attacker)
    assert is_refused(space.come_back(victim, address), victim)
    space.go(victim)
    assert is_refused(space.come_back(victim, address), victim)


def test_a_return_is_good_once_and_soon(space: Space) -> None:
    visitor = space.residence.visitor()
    address = space.go(visitor)
    space.come_back(visitor, address)
    visitor.send_form("/sign-out")
    visitor.cookies["__Host-reverie_state"] = parse_qs(urlsplit(address).query)["state"][0]
    assert is_refused(space.come_back(visitor, address), visitor)
    late = space.go(visitor)
    space.clock.seconds += VISIT_SECONDS + 1
    assert is_refused(space.come_back(visitor, late), visitor)


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.test"},
        {"aud": "another-client"},
        {"exp": int(time.time()) - 3_600},
        {"sub": None},
        {"sub": ""},
    ],
)
def test_a_token_for_something_else_is_refused(space: Space, claims: dict[str, Any]) -> None:
    space.provider.claims = claims
    visitor = space.residence.visitor()
    assert is_refused(space.come_back(visitor, space.go(visitor)), visitor)


def test_a_token_that_another_has_signed_is_refused(space: Space) -> None:
    space.provider.shown_key = RSAKey.generate_key(2048, {"kid": "one"})
    visitor = space.residence.visitor()
    assert is_refused(space.come_back(visitor, space.go(visitor)), visitor)


def test_somebody_else_who_answers_for_the_provider_is_refused(space: Space) -> None:
    space.provider.issuer = "https://evil.test"
    visitor = space.residence.visitor()
    answer = visitor.get("/sign-in/huggingface")
    assert is_refused(answer, visitor)


def test_a_provider_that_is_not_there_is_said(space: Space, caplog: pytest.LogCaptureFixture) -> None:
    visitor = space.residence.visitor()
    address = space.go(visitor)
    space.residence.home.provider.provider_url = f"http://127.0.0.1:{free_port()}"  # type: ignore[union-attr]
    with caplog.at_level(logging.DEBUG):
        answer = space.come_back(visitor, address)
    assert is_refused(answer, visitor)
    assert "did not let you in" in visitor.get("/sign-in?refused=1").text
    assert CLIENT_SECRET not in caplog.text


@pytest.mark.parametrize("wanted", ["//evil.test", "https://evil.test", "/\\evil.test"])
def test_one_goes_on_to_a_page_here_and_nowhere_else(space: Space, wanted: str) -> None:
    visitor = space.residence.visitor()
    assert space.come_back(visitor, space.go(visitor, wanted)).headers["location"] == "/"


def test_there_is_no_password_to_guess(space: Space) -> None:
    space.residence.add("ben")
    assert space.residence.visitor().sign_in("ben").status_code == 405
