"""Several pictures with one change: which is changed, and what is read into the words."""

from __future__ import annotations

import pytest

from agent.brought import brought, seen_words
from engines.api import Seen, SeenThing

BOX = (0, 0, 8, 8)
SEEN = Seen(
    size=(64, 64),
    is_known=True,
    confidence=1.0,
    things=(
        SeenThing(kind="tree", color=None, box=BOX, confidence=0.9),
        SeenThing(kind="dog", color="red", box=BOX, confidence=0.8),
    ),
    background="sand",
    style="pixel art",
)


def seen_in_all(index: int, thing: str) -> str:
    return seen_words(SEEN, thing)


def unseen(index: int, thing: str) -> str:
    return ""


def test_one_picture_alone_is_no_matter() -> None:
    alone = brought("add the dog of the second picture", 1, seen_in_all)
    assert (alone.instruction, alone.target, alone.notice) == ("add the dog of the second picture", 0, "")


@pytest.mark.parametrize(
    ("words", "read", "plain"),
    [
        ("add the dog from the second picture", "add a red dog", "add the dog"),
        (
            "put the dog of image 2 next to the car",
            "put a red dog next to the car",
            "put the dog next to the car",
        ),
        ("add the dog that is shown in photo 2 to image 1", "add a red dog", "add the dog"),
        ("add the thing in the last picture", "add a tree", "add the thing"),
        (
            "use the background of the second image",
            "use the sand background",
            "use the background of the second image",
        ),
        (
            "draw it in the style of the second picture",
            "draw it in the pixel art style",
            "draw it in the style of the second picture",
        ),
        ("add the cat of the second picture", "add the cat", "add the cat"),
        ("make the car in the first picture blue", "make the car blue", "make the car blue"),
        ("combine both", "combine both", "combine both"),
        (
            "add the dog of the fifth picture",
            "add the dog of the fifth picture",
            "add the dog of the fifth picture",
        ),
    ],
)
def test_what_another_picture_shows_is_read_into_the_words(words: str, read: str, plain: str) -> None:
    assert brought(words, 2, seen_in_all).instruction == read
    blind = brought(words, 2, unseen)
    assert (blind.instruction, blind.target) == (plain, 0)


@pytest.mark.parametrize(
    ("words", "target", "instruction"),
    [
        ("make the second picture blue", 1, "make it blue"),
        ("put the dog of the first picture into the second", 1, "put a red dog"),
        ("make the first picture blue", 0, "make the first picture blue"),
        (
            "combine the first picture and the second picture",
            0,
            "combine the first picture and the second picture",
        ),
    ],
)
def test_the_picture_that_is_named_is_changed(words: str, target: int, instruction: str) -> None:
    found = brought(words, 3, seen_in_all)
    assert (found.target, found.instruction) == (target, instruction)


def test_a_mask_is_painted_on_the_first() -> None:
    assert brought("make the second picture blue", 2, unseen, has_mask=True).target == 0


def test_what_was_done_with_each_is_said() -> None:
    said = brought("add the dog of picture 3", 4, seen_in_all).notice
    assert "of the 4 you sent, number 1." in said
    assert "From number 3 I took, in words, a red dog." in said
    assert "Numbers 2, 4 are kept here, unused." in said
    assert "第 2 张" in brought("把车变成蓝色", 2, unseen).notice


def test_eyes_that_speak_are_quoted_and_strangers_are_not_guessed_at() -> None:
    speaks = Seen(size=(8, 8), is_known=True, confidence=1.0, description="A small brown dog. It sits.")
    assert seen_words(speaks, "the dog") == "the dog (A small brown dog)"
    strange = Seen(size=(8, 8), is_known=False, confidence=1.0)
    assert seen_words(strange, "the dog") == ""
