"""The self-check: findings, the score that orders pictures, and the sentence that tells of them."""

from __future__ import annotations

import pytest

from agent.asked import asked_of
from agent.eyes import Verdict, best_of, check, stands
from engines.api import Seen
from tests.agent.looks import VOCABULARY, seen, thing


def verdict(prompt: str, picture: Seen, language: str = "en") -> Verdict:
    return check(asked_of(prompt, VOCABULARY), picture, VOCABULARY, language)


@pytest.mark.parametrize(
    ("prompt", "picture", "passes"),
    [
        ("three cats", seen("cat", "cat", "cat"), True),
        ("three cats", seen("cat", "cat"), False),
        ("three cats", seen("cat", "cat", "cat", "cat"), False),
        ("a cat", seen("cat", "cat"), True),
        ("a red car", seen("red car"), True),
        ("a red car", seen("blue car"), False),
        ("a red apple", seen("apple"), True),
        ("a blue apple", seen("apple"), False),
        ("a red cat and a blue cat", seen("blue cat", "red cat"), True),
        ("a red cat and a blue cat", seen("red cat", "red cat"), False),
        ("a cat and a red cat", seen("red cat"), False),
        ("a cat left of a dog", seen("cat", "dog"), True),
        ("a cat right of a dog", seen("cat", "dog"), False),
        ("a cat above a dog", seen("cat", "dog"), False),
        ("a cat left of a dog", seen("cat"), False),
        ("a cat at night", seen("cat", background="night"), True),
        ("a cat at night", seen("cat", background="grass"), False),
        ("a cat, pixel art", seen("cat", style="pixel art"), True),
        ("a cat, pixel art", seen("cat"), False),
    ],
)
def test_what_is_met(prompt: str, picture: Seen, passes: bool) -> None:
    found = verdict(prompt, picture)
    assert found.is_checked
    assert found.passes is passes
    assert (found.sentence() == "") is passes


def test_what_the_eyes_have_no_word_for_is_left_open() -> None:
    wide = {**VOCABULARY, "classes": (*VOCABULARY["classes"], "zebra")}
    found = check(asked_of("a zebra", wide), seen("cat"), VOCABULARY)
    assert [each.met for each in found.findings] == [None]
    assert found.passes
    assert not found.is_checked
    assert not verdict("the sound of rain", seen("cat")).is_checked


def test_no_colour_is_judged_in_sepia_but_a_missing_thing_is() -> None:
    assert verdict("a red car, sepia", seen("blue car", style="sepia")).passes
    assert not verdict("a red car, sepia", seen("cat", style="sepia")).passes


def test_the_score_orders_pictures() -> None:
    prompt = "two red cats and a dog on grass"
    pictures = [
        seen("cat"),
        seen("red cat", "red cat", "dog", background="grass", num_strangers=1),
        seen("red cat", "red cat", "dog", background="grass"),
        seen("red cat", "red cat", "dog", background="night"),
    ]
    verdicts = [verdict(prompt, picture) for picture in pictures]
    assert best_of(verdicts) == 2
    assert sorted(range(4), key=lambda index: verdicts[index].score) == [0, 3, 1, 2]
    assert all(0 <= each.score <= 1 for each in verdicts)


def test_of_equals_the_surer_then_the_earlier_one_is_best() -> None:
    asked = asked_of("a cat", VOCABULARY)

    def with_confidence(value: float) -> Verdict:
        picture = Seen(
            size=(256, 256), is_known=True, confidence=1.0, things=(thing("cat", confidence=value),)
        )
        return check(asked, picture, VOCABULARY)

    assert best_of([with_confidence(0.5), with_confidence(0.9)]) == 1
    assert best_of([with_confidence(0.9), with_confidence(0.9)]) == 0


def test_findings_are_told_in_both_languages() -> None:
    picture = seen("cat", "cat", background="grass")
    assert verdict("three cats", picture).sentence() == "asked for three cats, I see two cats"
    assert verdict("three cats", picture, "zh").sentence() == "要的是三只猫，看到的是两只猫"
    assert verdict("a red car", seen("blue car")).sentence() == "asked for a red car, I see a blue car"
    assert (
        verdict("a cat right of a dog at night", seen("cat", "dog", background="grass")).sentence()
        == "asked for the cat right of the dog, I see the cat left of the dog; "
        "asked for a night background, I see a grass background"
    )
    assert verdict("a dog", seen()).sentence() == "asked for a dog, I see no dogs"


def test_sides_need_a_clear_direction() -> None:
    middle = thing("dog", 100, 100)
    assert stands(thing("cat", 20, 100), middle) == {"left of"}
    assert stands(thing("cat", 100, 180), middle) == {"below"}
    assert stands(thing("cat", 40, 40), middle) == {"left of", "above"}
    assert stands(thing("cat", 102, 101), middle) == set()
