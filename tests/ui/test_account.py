"""What somebody does about themselves, and an admin about others."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.limits import Limits, Rates
from agent.people.door import Door
from agent.people.sign_ins import SignIns
from tests.ui.residence import PASSWORD, Residence, Visitor
from ui.account import Account
from ui.home import Home

NEW_PASSWORD = "green-heron-42"


def key_on(page: str) -> str:
    found = re.search(r'class="secret">(rv-[\w-]{43})<', page)
    assert found is not None
    return found[1]


def listed_key(visitor: Visitor) -> str:
    found = re.search(r'name="id" value="([0-9a-f]{32})"', visitor.get("/account").text)
    assert found is not None
    return found[1]


def test_a_key_is_shown_once_and_opens_until_it_is_withdrawn(residence: Residence) -> None:
    anna = residence.add("anna")
    visitor = residence.inside("anna")
    made = visitor.send_form("/account/keys", name="Open <b>WebUI")
    token = key_on(made.text)
    assert "Open &lt;b&gt;WebUI" in made.text
    program = residence.visitor()
    bearer = {"authorization": f"Bearer {token}"}
    assert program.get("/who", headers=bearer).text == anna.owner
    assert token not in visitor.get("/account").text
    visitor.send_form("/account/keys/withdraw", id=listed_key(visitor))
    assert program.get("/who", headers=bearer).status_code == 401


def test_a_program_is_no_person(residence: Residence) -> None:
    anna = residence.add("anna", is_admin=True)
    token = residence.keys.create(anna.owner, "x").token
    program = residence.visitor()
    program.headers["authorization"] = f"Bearer {token}"
    for path in ("keys", "delete", "password", "people/add", "people/remove"):
        assert program.send_form(f"/account/{path}", really="yes", name="x").status_code == 403
    assert program.get("/account").status_code == 403
    assert residence.users.list() == [anna]


def test_nobody_withdraws_the_key_of_another(residence: Residence) -> None:
    anna = residence.add("anna")
    residence.add("ben")
    key = residence.keys.create(anna.owner, "x").key
    assert residence.inside("ben").send_form("/account/keys/withdraw", id=key.id).status_code == 404
    assert residence.keys.list(anna.owner) != []


def test_a_new_password_signs_other_browsers_out(residence: Residence) -> None:
    residence.add("anna")
    visitor, other = residence.inside("anna"), residence.inside("anna")
    refused = visitor.send_form("/account/password", password="wrong-password", new=NEW_PASSWORD)
    assert refused.status_code == 422
    assert visitor.send_form("/account/password", password=PASSWORD, new="short").status_code == 422
    assert other.get("/who").status_code == 200
    assert visitor.send_form("/account/password", password=PASSWORD, new=NEW_PASSWORD).status_code == 200
    assert visitor.get("/who").status_code == 200
    assert other.get("/who").status_code == 303
    assert residence.visitor().sign_in("anna").status_code == 401
    assert residence.visitor().sign_in("anna", NEW_PASSWORD).status_code == 303


def test_an_account_is_deleted_with_all_that_is_in_it(residence: Residence) -> None:
    anna = residence.add("anna")
    visitor, other = residence.inside("anna"), residence.inside("anna")
    chat = residence.chat(anna.owner, "draw a car")
    (picture,) = residence.pictures(chat, anna.owner)
    file = residence.agent.artifacts.path(residence.agent.sessions.artifact(picture, anna.owner).sha256)
    token = residence.keys.create(anna.owner, "x").token
    assert visitor.send_form("/account/delete", password=PASSWORD).status_code == 422
    assert visitor.send_form("/account/delete", really="yes", password="wrong-password").status_code == 422
    assert file.exists()
    assert visitor.send_form("/account/delete", really="yes", password=PASSWORD).status_code == 303
    assert not file.exists()
    assert other.get("/who").status_code == 303
    assert other.get("/who", headers={"authorization": f"Bearer {token}"}).status_code == 401
    assert residence.visitor().sign_in("anna").status_code == 401


def test_the_last_admin_cannot_leave(residence: Residence) -> None:
    residence.add("anna", is_admin=True)
    refused = residence.inside("anna").send_form("/account/delete", really="yes", password=PASSWORD)
    assert (refused.status_code, "only admin" in refused.text) == (422, True)


def test_an_admin_adds_and_removes_people(residence: Residence) -> None:
    residence.add("anna", is_admin=True)
    admin = residence.inside("anna")
    assert admin.send_form("/account/people/add", name="ben", password="short").status_code == 422
    assert admin.send_form("/account/people/add", name="ben", password=NEW_PASSWORD).status_code == 303
    ben = residence.users.named("ben")
    assert not ben.is_admin
    visitor = residence.visitor()
    assert visitor.sign_in("ben", NEW_PASSWORD).status_code == 303
    chat = residence.chat(ben.owner, "draw a car")
    assert admin.send_form("/account/people/remove", id=ben.id).status_code == 303
    assert visitor.get("/who").status_code == 303
    assert not residence.agent.sessions.has(chat, ben.owner)


@pytest.mark.parametrize("path", ["add", "remove"])
def test_others_do_not(residence: Residence, path: str) -> None:
    anna, _ = residence.add("anna", is_admin=True), residence.add("ben")
    visitor = residence.inside("ben")
    answer = visitor.send_form(f"/account/people/{path}", id=anna.id, name="carl", password=NEW_PASSWORD)
    assert answer.status_code == 404
    assert "anna" not in visitor.get("/account").text
    assert len(residence.users.list()) == 2


def test_where_nobody_signs_in_a_browser_has_keys_and_can_forget_itself(tmp_path: Path) -> None:
    residence = Residence(tmp_path, Home(host="127.0.0.1"))
    visitor = residence.visitor()
    assert visitor.get("/account").headers["location"] == "/"
    visitor.get("/")
    owner = visitor.get("/who").text
    token = key_on(visitor.send_form("/account/keys", name="x").text)
    assert residence.visitor().get("/who", headers={"authorization": f"Bearer {token}"}).text == owner
    chat = residence.chat(owner, "draw a car")
    page = visitor.get("/account").text
    assert "Sign out" not in page
    assert 'type="password"' not in page
    visitor.send_form("/account/delete", really="yes")
    assert not residence.agent.sessions.has(chat, owner)
    residence.close()


def test_what_was_on_its_way_goes_shortly_after(tmp_path: Path) -> None:
    residence, forgotten, again = Residence(tmp_path), list[str](), threading.Event()

    def forget_uploads(owner: str) -> None:
        forgotten.append(owner)
        if len(forgotten) == 2:
            again.set()

    account = Account(
        sessions=residence.agent.sessions,
        keys=residence.keys,
        door=Door(users=residence.users, sign_ins=SignIns(residence.agent.sessions), rates=Rates(Limits())),
        delete=residence.agent.coordinator.delete,
        forget_uploads=forget_uploads,
        again_seconds=0.5,
    )
    account.let_go("hf:77")
    late = residence.chat("hf:77", "draw a car")
    assert again.wait(20)
    wait_until(lambda: not residence.agent.sessions.has(late, "hf:77"))
    assert forgotten == ["hf:77", "hf:77"]
    SignIns(residence.agent.sessions).open("hf:78", "back again")
    kept = residence.chat("hf:78", "draw a car")
    account.forget_again("hf:78")
    assert residence.agent.sessions.has(kept, "hf:78")
    residence.close()


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    last_moment = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < last_moment
        time.sleep(0.02)
