"""What a picture must show after an edit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.asked import AskedRelation
from agent.asked_edits import after_edit
from agent.eyes import check
from tests.agent.looks import VOCABULARY, seen

SOURCE = seen("red cat", "red cat", "dog", background="grass")


def looks_after(instruction: str) -> set[tuple[int, str | None, str]]:
    asked = after_edit(instruction, SOURCE, VOCABULARY)
    assert asked is not None
    return {(each.count, each.color, each.kind) for each in asked.things}


CATS, DOG = (2, "red", "cat"), (1, None, "dog")


@pytest.mark.parametrize(
    ("instruction", "looks"),
    [
        ("add a blue bird", {CATS, DOG, (1, "blue", "bird")}),
        ("put another red cat there", {(3, "red", "cat"), DOG}),
        ("remove the dog", {CATS}),
        ("delete the cats.", {DOG}),
        ("take away the red cat", {(1, "red", "cat"), DOG}),
        ("make the dog green", {CATS, (1, "green", "dog")}),
        ("change the cats to blue", {(2, "blue", "cat"), DOG}),
        ("make them pink", {(2, "pink", "cat"), (1, "pink", "dog")}),
        ("replace the dog with a fish", {CATS, (1, None, "fish")}),
        ("turn the dog into a red cat", {(3, "red", "cat")}),
        ("make it night", {CATS, DOG}),
    ],
)
def test_things_change_as_told_and_the_rest_stays(
    instruction: str, looks: set[tuple[int, str | None, str]]
) -> None:
    assert looks_after(instruction) == looks


@pytest.mark.parametrize(
    ("instruction", "background", "style"),
    [
        ("make it night", "night", None),
        ("put it on the beach", "sand", None),
        ("remove the background", "plain", None),
        ("turn it into pixel art", "grass", "pixel art"),
        ("make it a sepia photo", "grass", "sepia"),
        ("remove the dog", "grass", None),
    ],
)
def test_place_and_style(instruction: str, background: str, style: str | None) -> None:
    asked = after_edit(instruction, SOURCE, VOCABULARY)
    assert asked is not None
    assert (asked.background, asked.style) == (background, style)


def test_a_new_thing_stands_where_it_was_asked_for() -> None:
    asked = after_edit("add a bird to the left of the dog", SOURCE, VOCABULARY)
    assert asked is not None
    assert asked.relations == (AskedRelation(first=2, relation="left of", second=1),)


@pytest.mark.parametrize("instruction", ["make it nicer", "remove the bird", "paint the fish red", ""])
def test_what_is_not_understood_or_not_there_is_not_judged(instruction: str) -> None:
    assert after_edit(instruction, SOURCE, VOCABULARY) is None


def test_a_source_that_the_eyes_cannot_read_is_not_judged() -> None:
    assert after_edit("remove the dog", replace(SOURCE, is_known=False), VOCABULARY) is None


def test_a_thing_that_changed_unasked_is_found() -> None:
    asked = after_edit("change the cats to blue", SOURCE, VOCABULARY)
    assert asked is not None
    right = seen("blue cat", "blue cat", "dog", background="grass")
    both = seen("blue cat", "blue cat", "blue dog", background="grass")
    assert check(asked, right, VOCABULARY).passes
    assert not check(asked, both, VOCABULARY).passes
    assert not check(asked, SOURCE, VOCABULARY).passes
