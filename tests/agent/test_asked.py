"""What prompts of the small world ask for."""

from __future__ import annotations

import pytest

from agent.asked import Asked, AskedRelation, AskedThing, asked_of

VOCABULARY = {
    "classes": (
        "car",
        "cat",
        "dog",
        "bus",
        "fish",
        "chair",
        "bird",
        "house",
        "star",
        "traffic light",
        "orange",
    ),
    "colors": ("red", "blue", "green", "orange"),
    "backgrounds": ("plain", "sky", "grass", "sand", "night", "room"),
    "styles": ("pixel art", "sepia"),
}


def things_of(prompt: str) -> list[tuple[int, str | None, str]]:
    return [(each.count, each.color, each.kind) for each in asked_of(prompt, VOCABULARY).things]


@pytest.mark.parametrize(
    ("prompt", "things"),
    [
        ("a photo of three cats", [(3, None, "cat")]),
        ("a red car and 2 blue buses", [(1, "red", "car"), (2, "blue", "bus")]),
        ("a big fluffy red dog", [(1, "red", "dog")]),
        ("fish", [(1, None, "fish")]),
        ("some stars", [(2, None, "star")]),
        ("a couple of hats and a dog", [(1, None, "dog")]),
        ("a red and a blue car", [(1, "red", "car"), (1, "blue", "car")]),
        ("an orange car", [(1, "orange", "car")]),
        ("an orange and a green orange", [(1, None, "orange"), (1, "green", "orange")]),
        ("a bird house next to a dog", [(1, None, "dog")]),
        ("two traffic lights", [(2, None, "traffic light")]),
        ('a cat and a sign saying "DOG"', [(1, None, "cat")]),
    ],
)
def test_things_with_number_and_colour(prompt: str, things: list[tuple[int, str | None, str]]) -> None:
    assert things_of(prompt) == things


def test_a_named_number_is_counted_and_an_article_is_not() -> None:
    one, two, many = asked_of("a cat, two dogs and cars", VOCABULARY).things
    assert (one.is_counted, two.is_counted, many.is_counted) == (False, True, False)
    assert many.count == 2


@pytest.mark.parametrize(
    ("words", "background"),
    [
        ("on the grass", "grass"),
        ("in a green meadow", "grass"),
        ("under a starry sky", "night"),
        ("on a blue sky", "sky"),
        ("on a sandy beach", "sand"),
        ("inside a room", "room"),
        ("on white", "plain"),
        ("at sea", None),
        ("", None),
    ],
)
def test_the_place_is_read_and_no_colour_of_a_thing(words: str, background: str | None) -> None:
    asked = asked_of(f"a dog {words}", VOCABULARY)
    assert asked.background == background
    assert asked.things == (AskedThing(kind="dog"),)


def test_style_and_relations() -> None:
    asked = asked_of("a cat to the left of a red dog, a bird above a chair, in pixel art style", VOCABULARY)
    assert asked.style == "pixel art"
    assert asked.relations == (
        AskedRelation(first=0, relation="left of", second=1),
        AskedRelation(first=2, relation="above", second=3),
    )
    assert asked_of("a cat and a dog", VOCABULARY).relations == ()


def test_words_of_no_world_ask_for_nothing() -> None:
    assert asked_of("the sound of rain", VOCABULARY).is_empty
    assert asked_of("a red car at night", {}) == Asked()
