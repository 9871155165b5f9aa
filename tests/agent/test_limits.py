"""What is counted, for how long, and what those hear who are over it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.domain import PictureOptions
from agent.errors import MessageRefused, TooBusy
from agent.gates.gates import Gates
from agent.limits import ADDRESS_FACTOR, Deed, Limits, Rates
from agent.messages import Message, require_message


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def test_the_window_slides() -> None:
    clock = Clock()
    rates = Rates(Limits(messages_an_hour=2), clock)
    rates.count(Deed.MESSAGE, "anna")
    clock.seconds += 600
    rates.count(Deed.MESSAGE, "anna")
    with pytest.raises(TooBusy, match=r"2 messages within an hour.*50 minutes") as refused:
        rates.count(Deed.MESSAGE, "anna")
    assert refused.value.wait_seconds == 3_000
    rates.count(Deed.MESSAGE, "ben")
    clock.seconds += 3_000
    rates.count(Deed.MESSAGE, "anna")
    with pytest.raises(TooBusy):
        rates.count(Deed.MESSAGE, "anna")


def test_several_at_once_count_whole_or_not_at_all() -> None:
    rates = Rates(Limits(uploads_an_hour=4), Clock())
    rates.count(Deed.UPLOAD, "anna", 3)
    with pytest.raises(TooBusy):
        rates.count(Deed.UPLOAD, "anna", 2)
    rates.count(Deed.UPLOAD, "anna", 1)
    rates.count(Deed.UPLOAD, "anna", 0)


def test_a_message_whose_files_are_too_many_does_not_count() -> None:
    rates = Rates(Limits(uploads_an_hour=1, messages_an_hour=1), Clock())
    with pytest.raises(TooBusy, match="uploaded 1 pictures"):
        rates.admit("anna", 2)
    rates.admit("anna", 1)


def test_asking_does_not_count_and_what_is_given_back_does_not() -> None:
    rates = Rates(Limits(sign_in_attempts=1), Clock())
    rates.require(Deed.SIGN_IN_BY_NAME, "anna")
    rates.count(Deed.SIGN_IN_BY_NAME, "anna")
    rates.give_back(Deed.SIGN_IN_BY_NAME, "anna")
    rates.count(Deed.SIGN_IN_BY_NAME, "anna")
    with pytest.raises(TooBusy):
        rates.require(Deed.SIGN_IN_BY_NAME, "anna")


def test_an_address_may_hold_more_than_one_person() -> None:
    rates = Rates(Limits(sign_in_attempts=2), Clock())
    for _ in range(2 * ADDRESS_FACTOR):
        rates.count(Deed.SIGN_IN_BY_ADDRESS, "192.0.2.1")
    with pytest.raises(TooBusy):
        rates.count(Deed.SIGN_IN_BY_ADDRESS, "192.0.2.1")


def test_none_at_all_can_be_allowed() -> None:
    with pytest.raises(TooBusy):
        Rates(Limits(uploads_an_hour=0), Clock()).count(Deed.UPLOAD, "anna")


def test_a_flood_of_names_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.limits.MOST_COUNTED", 10)
    rates = Rates(Limits(), Clock())
    for number in range(100):
        rates.count(Deed.SIGN_IN_BY_NAME, str(number))
    assert len(rates._times) == 10


def test_limits_cannot_be_raised_beyond_what_is_taken_at_all() -> None:
    with pytest.raises(ValidationError):
        Limits(message_characters=4_001)


@pytest.mark.parametrize(
    ("limits", "message", "words"),
    [
        (Limits(message_characters=5), {"text": "draw a car"}, "10 characters; I read up to 5"),
        (Limits(files_a_message=1), {"files": [Path("a"), Path("b")]}, "2 files; I take up to 1"),
        (Limits(num_steps=9), {"options": PictureOptions(num_steps=10)}, "10 steps; up to 9"),
        (Limits(best_of=2), {"options": PictureOptions(best_of=3)}, "best of 3 tries; up to 2"),
    ],
)
def test_a_message_is_held_to_the_limits_that_were_set(
    limits: Limits, message: dict[str, object], words: str
) -> None:
    whole = Message(**({"text": "draw a car", "files": (), "options": PictureOptions()} | message))  # type: ignore[arg-type]
    require_message(whole, Gates())
    with pytest.raises(MessageRefused, match=words):
        require_message(whole, Gates(), limits)
