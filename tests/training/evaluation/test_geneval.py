"""GenEval's rules, one picture at a time."""

from __future__ import annotations

import pytest

from training.evaluation.geneval import judge
from training.evaluation.geneval_rules import relations
from training.evaluation.prompts import Prompt, Wanted
from training.evaluation.sightings import sighting_of
from training.stickers.detector import Detection, Reading


def seen(
    kind: str, color: str | None = None, confidence: float = 0.9, x: float = 128, y: float = 128
) -> Detection:
    return Detection(kind=kind, color=color, confidence=confidence, x=x, y=y, size=80)


def reading(*things: Detection, background: str = "plain", style: str | None = None) -> Reading:
    return Reading(things=things, background=background, style=style)


def wish(*include: Wanted, exclude: tuple[Wanted, ...] = (), **more: str) -> Prompt:
    return Prompt(tag="test", prompt="test", include=include, exclude=exclude, **more)


def test_extra_things_do_not_count_against_a_single_object() -> None:
    prompt = wish(Wanted(kind="dog"))
    assert judge(prompt, reading(seen("dog"), seen("dog"), seen("cat"))).is_correct
    verdict = judge(prompt, reading(seen("cat")))
    assert not verdict.is_correct
    assert verdict.reason == "expected dog >= 1, found 0"


def test_counting_wants_neither_fewer_nor_more() -> None:
    prompt = wish(Wanted(kind="dog", count=2), exclude=(Wanted(kind="dog", count=3),))
    assert [judge(prompt, reading(*[seen("dog")] * count)).is_correct for count in (1, 2, 3)] == [
        False,
        True,
        False,
    ]


def test_colour_looks_only_at_the_surest() -> None:
    prompt = wish(Wanted(kind="dog", color="red"))
    assert judge(prompt, reading(seen("dog", "red", 0.9), seen("dog", "blue", 0.5))).is_correct
    assert not judge(prompt, reading(seen("dog", "blue", 0.9), seen("dog", "red", 0.5))).is_correct


def test_natural_passes_only_where_it_looks_the_same() -> None:
    assert judge(wish(Wanted(kind="heart", color="red")), reading(seen("heart"))).is_correct
    assert not judge(wish(Wanted(kind="heart", color="blue")), reading(seen("heart"))).is_correct
    assert not judge(wish(Wanted(kind="dog", color="orange")), reading(seen("dog"))).is_correct


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        ((-100, 0), {"left of"}),
        ((100, 0), {"right of"}),
        ((0, -100), {"above"}),
        ((0, 100), {"below"}),
        ((-100, -100), {"left of", "above"}),
        ((10, 10), set()),
        ((100, 60), {"right of"}),
    ],
)
def test_relations(offset: tuple[int, int], expected: set[str]) -> None:
    dog, cat = sighting_of(seen("dog", x=128 + offset[0], y=128 + offset[1])), sighting_of(seen("cat"))
    assert relations(dog.box, cat.box) == expected


def test_position_holds_for_the_right_pair_and_needs_its_reference() -> None:
    prompt = wish(Wanted(kind="cat"), Wanted(kind="dog", relation="left of", anchor=0))
    left, right = seen("dog", x=60), seen("dog", x=200)
    assert judge(prompt, reading(seen("cat"), left)).is_correct
    assert (
        judge(prompt, reading(seen("cat"), right)).reason == "expected dog left of cat, found it right of it"
    )
    assert "no target" in judge(prompt, reading(left)).reason


def test_a_reference_of_the_wrong_colour_fails_the_position_too() -> None:
    prompt = wish(Wanted(kind="cat", color="red"), Wanted(kind="dog", relation="left of", anchor=0))
    assert "no target" in judge(prompt, reading(seen("cat", "blue"), seen("dog", x=60))).reason


def test_background_and_style_are_asked_only_where_wanted() -> None:
    picture = reading(seen("dog"), background="sand", style="sepia")
    assert judge(wish(Wanted(kind="dog")), picture).is_correct
    assert judge(wish(Wanted(kind="dog"), background="sand", style="sepia"), picture).is_correct
    assert not judge(wish(Wanted(kind="dog"), background="sky"), picture).is_correct
    assert not judge(wish(Wanted(kind="dog"), style="pixel art"), picture).is_correct
