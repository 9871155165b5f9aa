"""Orders, names of things and statements told apart by their build."""

from __future__ import annotations

import pytest

from agent.brains.brain import Context, PictureView
from agent.brains.english_shape import (
    antecedent,
    is_about_life,
    is_addition,
    is_capability,
    is_fragment,
    is_known_part,
    is_order_on,
    is_statement,
)
from agent.brains.references import Album
from agent.domain import Origin

CAT = PictureView(id="1", number=1, origin=Origin.GENERATED, turn=1, prompt="a black cat on a red sofa")
SHOWN = Album(Context(message="", pictures=(CAT,), current="1"))
NOTHING = Album(Context(message=""))


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("the cake was delicious", True),
        ("curiosity killed the cat", True),
        ("we have three cats", True),
        ("a sign that says OPEN", False),
        ("hedgehog in a teacup", False),
        ("5 apples, but only one of them is green", False),
    ],
)
def test_a_statement_has_a_verb_of_its_own(clause: str, expected: bool) -> None:
    assert is_statement(clause) is expected


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("hair drier on pink background", True),
        ("dogs playing poker", True),
        ("let sleeping dogs lie", False),
        ("good luck", False),
        ("", False),
    ],
)
def test_a_fragment_names_something_to_see(clause: str, expected: bool) -> None:
    assert is_fragment(clause) is expected


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("can you draw cars?", True),
        ("if I uploaded a photo, could you change the sky?", True),
        ("can you draw me a car?", False),
        ("can you draw a car on it?", False),
    ],
)
def test_asking_what_is_possible_orders_nothing(clause: str, expected: bool) -> None:
    assert is_capability(clause) is expected


def test_an_order_needs_something_that_the_picture_has() -> None:
    assert is_order_on("cheer him up", SHOWN)
    assert is_order_on("slide the sofa to the left", SHOWN)
    assert not is_order_on("slide the piano to the left", SHOWN)
    assert not is_order_on("thank him", SHOWN)
    assert not is_order_on("cheer him up", NOTHING)


def test_orders_about_life_are_no_edits() -> None:
    assert is_about_life("turn up the volume", SHOWN)
    assert is_about_life("swap stories", SHOWN)
    assert not is_about_life("turn the sofa blue", SHOWN)
    assert not is_about_life("add a gazebo", SHOWN)
    assert not is_about_life("mirror it", SHOWN)


def test_what_is_shown_and_what_is_new_to_the_picture() -> None:
    assert is_known_part("sofa in leather", SHOWN)
    assert not is_known_part("a sofa in leather", SHOWN)
    assert is_addition("a moon behind it", SHOWN)
    assert is_addition("a cup on the sofa", SHOWN)
    assert not is_addition("a cup on a table", SHOWN)
    assert antecedent("my kids adore unicorns") == "a unicorn"
    assert antecedent("I like it here") == ""
