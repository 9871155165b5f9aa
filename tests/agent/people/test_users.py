"""People: their names, and passwords that are never kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from agent.errors import PersonRejected, SignInRefused
from agent.people.users import Users
from agent.sessions import Sessions

PASSWORD = "tall-otter-77"


def test_whoever_knows_the_password_is_that_person(users: Users) -> None:
    anna = users.add("Anna", PASSWORD, is_admin=True)
    users.add("ben", "small-otter-78")
    assert users.check("anna", PASSWORD) == anna
    assert users.check(" ANNA ", PASSWORD).owner == anna.owner
    assert [user.name for user in users.list()] == ["Anna", "ben"]
    assert users.of_owner(anna.owner) == anna
    assert users.of_owner("a" * 64) is None


@pytest.mark.parametrize(
    ("name", "password"),
    [("anna", "tall-otter-78"), ("anna", ""), ("nobody", PASSWORD), ("", ""), ("\0", "\0")],
)
def test_all_others_hear_the_same_sentence(users: Users, name: str, password: str) -> None:
    users.add("anna", PASSWORD)
    with pytest.raises(SignInRefused, match="do not belong together"):
        users.check(name, password)


def test_an_unknown_name_costs_one_hash_like_a_known_one(
    users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.add("anna", PASSWORD)
    checked: list[str] = []
    verify = users._verify
    monkeypatch.setattr(users, "_verify", lambda known, told: checked.append(known) or verify(known, told))
    for name in ("anna", "nobody"):
        with pytest.raises(SignInRefused):
            users.check(name, "wrong-password")
    costs = {known.rsplit("$", 2)[0] for known in checked}
    assert (len(checked), len(costs)) == (2, 1)


def test_a_new_password_takes_the_old_ones_place(users: Users) -> None:
    anna = users.add("anna", PASSWORD)
    users.set_password(anna, "green-heron-42")
    with pytest.raises(SignInRefused):
        users.check("anna", PASSWORD)
    assert users.check("anna", "green-heron-42") == anna


def test_a_hash_of_an_older_strength_is_made_anew(sessions: Sessions, users: Users) -> None:
    users.add("anna", PASSWORD)
    stronger = Users(sessions, PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    stronger.check("anna", PASSWORD)
    with pytest.raises(SignInRefused):
        stronger.check("anna", "wrong-password")
    assert stronger.check("anna", PASSWORD).name == "anna"


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "has 5 characters"),
        ("x" * 201, "has 201 characters"),
        ("changeme12345", "too easy"),
        ("Password1234!", "too easy"),
        ("1234567890", "too easy"),
        ("aaaaaaaaaaaa", "too easy"),
        ("anna-2026--", "too easy"),
    ],
)
def test_a_password_that_is_tried_first_is_refused(users: Users, password: str, words: str) -> None:
    with pytest.raises(PersonRejected, match=words):
        users.add("anna", password)


@pytest.mark.parametrize("name", ["", " ", "two words", "a" * 61, "<b>", "a/b", "a\nb"])
def test_a_name_is_one_plain_word(users: Users, name: str) -> None:
    with pytest.raises(PersonRejected, match="1 to 60 letters"):
        users.add(name, PASSWORD)


def test_a_name_belongs_to_one_person_in_any_case(users: Users) -> None:
    users.add("Anna", PASSWORD)
    with pytest.raises(PersonRejected, match="already"):
        users.add("ANNA", "green-heron-42")


def test_passwords_are_argon2id_hashes_on_disk(tmp_path: Path) -> None:
    sessions = Sessions(f"sqlite:///{tmp_path / 'reverie.db'}")
    Users(sessions).add("anna", PASSWORD)
    sessions.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert PASSWORD.encode() not in content
    assert b"$argon2id$v=19$m=65536,t=3,p=4$" in content
