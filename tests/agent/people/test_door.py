"""Guessing is slow, typing errors are forgiven."""

from __future__ import annotations

import pytest

from agent.errors import SignInRefused, TooBusy
from agent.limits import ADDRESS_FACTOR, Limits, Rates
from agent.people.door import Door, neighbourhood
from agent.people.sign_ins import SignIns
from agent.people.users import Users
from agent.sessions import Sessions

PASSWORD = "tall-otter-77"


@pytest.fixture
def door(sessions: Sessions, users: Users) -> Door:
    users.add("anna", PASSWORD)
    return Door(users=users, sign_ins=SignIns(sessions), rates=Rates(Limits(sign_in_attempts=3)))


def guess(door: Door, name: str = "anna", address: str = "192.0.2.1") -> None:
    with pytest.raises(SignInRefused):
        door.enter(name, "wrong-password", address)


def test_the_right_password_opens_a_sign_in(door: Door) -> None:
    new = door.enter("anna", PASSWORD, "192.0.2.1")
    assert door.sign_ins.find(new.token) == new.sign_in
    assert new.sign_in.name == "anna"


def test_a_name_cannot_be_guessed_at_from_everywhere(door: Door) -> None:
    for number in range(3):
        guess(door, "ANNA" if number else "anna", f"192.0.2.{number}")
    with pytest.raises(TooBusy) as refused:
        door.enter("anna", PASSWORD, "192.0.2.9")
    assert 0 < refused.value.wait_seconds <= 15 * 60


def test_an_address_cannot_guess_at_every_name(door: Door) -> None:
    for number in range(3 * ADDRESS_FACTOR):
        guess(door, f"name{number}")
    with pytest.raises(TooBusy):
        door.enter("anna", PASSWORD, "192.0.2.1")
    assert door.enter("anna", PASSWORD, "192.0.2.2")


def test_unknown_names_are_counted_like_known_ones(door: Door) -> None:
    for _ in range(3):
        guess(door, "nobody")
    with pytest.raises(TooBusy):
        door.enter("nobody", PASSWORD, "192.0.2.1")


def test_signing_in_often_is_no_guessing(door: Door) -> None:
    for _ in range(20):
        door.enter("anna", PASSWORD, "192.0.2.1")


def test_a_household_is_one_address() -> None:
    assert (
        neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:1") != neighbourhood("2001:db8:0:1::1")
    )
    assert neighbourhood("192.0.2.1") == "192.0.2.1"
    assert neighbourhood("") == ""
