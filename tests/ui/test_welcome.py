"""Signing in and out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.residence import PASSWORD, PUBLIC_URL, Residence
from ui.cookies import owner_of_cookie
from ui.home import Home

COOKIE = "__Host-reverie_sign_in"


def test_the_right_password_opens_what_was_closed(residence: Residence) -> None:
    anna = residence.add("anna")
    visitor = residence.visitor()
    turned_away = visitor.get("/who?x=1")
    assert (turned_away.status_code, turned_away.headers["location"]) == (303, "/sign-in?next=%2Fwho%3Fx%3D1")
    page = visitor.get(turned_away.headers["location"])
    assert 'value="/who?x=1"' in page.text
    answer = visitor.sign_in("Anna", wanted="/who?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/who?x=1")
    assert visitor.get("/who").text == anna.owner
    assert visitor.get("/sign-in").headers["location"] == "/"


def test_the_cookie_is_for_this_host_and_no_script(residence: Residence) -> None:
    residence.add("anna")
    cookie = residence.visitor().sign_in("anna").headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=2592000"} <= {*cookie.split("; ")}
    assert "Domain" not in cookie


def test_a_wrong_password_opens_nothing_and_says_so(residence: Residence) -> None:
    residence.add("anna")
    visitor = residence.visitor()
    answers = [visitor.sign_in("anna", "wrong-password"), visitor.sign_in("nobody", "wrong-password")]
    assert {each.status_code for each in answers} == {401}
    assert len({each.text for each in answers}) == 1
    assert 'role="alert"' in answers[0].text
    assert "set-cookie" not in answers[0].headers
    assert "wrong-password" not in answers[0].text


def test_guessing_has_an_end_and_says_when_to_come_back(residence: Residence) -> None:
    residence.add("anna")
    visitor = residence.visitor()
    for _ in range(7):
        assert visitor.sign_in("anna", "wrong-password").status_code == 401
    refused = visitor.sign_in("anna")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert "Too many attempts" in refused.text


def test_signing_out_ends_it_on_the_server_too(residence: Residence) -> None:
    residence.add("anna")
    visitor, other = residence.inside("anna"), residence.inside("anna")
    token = visitor.cookies[COOKIE]
    answer = visitor.send_form("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert COOKIE not in visitor.cookies
    thief = residence.visitor()
    assert thief.get("/who", headers={"cookie": f"{COOKIE}={token}"}).status_code == 303
    assert other.get("/who").status_code == 200


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/account/keys", "/account/delete"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": "http://pictures.test"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        {"origin": PUBLIC_URL, "host": "evil.test"},
        {},
    ],
)
def test_a_form_of_another_site_is_refused(residence: Residence, path: str, headers: dict[str, str]) -> None:
    residence.add("anna")
    visitor = residence.inside("anna")
    fields = {"name": "anna", "password": PASSWORD, "really": "yes"}
    assert visitor.post(path, data=fields, headers=headers).status_code == 403
    assert visitor.get("/who").status_code == 200


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("/?chat=abc", "/?chat=abc"),
        ("//evil.test", "/"),
        ("https://evil.test", "/"),
        ("/\\evil.test", "/"),
        ("javascript:alert(1)", "/"),
        ("/\r\nset-cookie: a=b", "/"),
        ("/sign-out", "/"),
        ("/" + "a" * 400, "/"),
    ],
)
def test_one_goes_on_to_a_page_here_and_nowhere_else(residence: Residence, wanted: str, place: str) -> None:
    residence.add("anna")
    assert residence.visitor().sign_in("anna", wanted=wanted).headers["location"] == place


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{}", "application/json"),
        (b"name=a&" * 5_000, "application/x-www-form-urlencoded"),
        (b"a=1&" * 100, "application/x-www-form-urlencoded"),
        (b"name=%ff", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_form_is_refused(residence: Residence, content: bytes, kind: str) -> None:
    headers = {"origin": PUBLIC_URL, "content-type": kind}
    assert residence.visitor().post("/sign-in", content=content, headers=headers).status_code == 400


def test_the_page_runs_no_script_and_comes_from_nowhere_else(residence: Residence) -> None:
    page = residence.visitor().get("/sign-in")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"


def test_the_page_speaks_chinese(residence: Residence) -> None:
    residence.add("anna")
    visitor = residence.visitor("zh-CN,zh")
    assert ">登录</button>" in visitor.get("/sign-in").text
    assert "用户名或密码不对" in visitor.sign_in("anna", "wrong-password").text


def test_what_a_browser_made_before_is_taken_over(tmp_path: Path) -> None:
    residence = Residence(tmp_path, Home(host="127.0.0.1", signs_in=True))
    anna = residence.add("anna")
    visitor = residence.visitor()
    visitor.cookies["reverie_owner"] = "a" * 32
    chat = residence.chat(owner_of_cookie("a" * 32), "draw a car")
    assert visitor.sign_in("anna").status_code == 303
    assert "Secure" not in visitor.sign_in("anna").headers["set-cookie"]
    assert residence.agent.sessions.has(chat, anna.owner)
    residence.close()


def test_where_nobody_signs_in_there_is_no_such_page(tmp_path: Path) -> None:
    residence = Residence(tmp_path, Home(host="127.0.0.1"))
    assert residence.visitor().get("/sign-in").status_code == 404
    residence.close()
