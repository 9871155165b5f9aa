"""The judge judged, by readings made up by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from tests.training.evaluation.oracle import see
from training.evaluation.examples import Example
from training.evaluation.judge_error import Groups, error_of, find_things, is_exact
from training.stickers.detector import Detection, Reading
from training.stickers.scene import Thing

DOG = Thing(kind="dog", color="red", x=70, y=128, size=80)
CAT = Thing(kind="cat", color=None, x=190, y=128, size=80)


def example(*things: Thing, style: str | None = None) -> Example:
    picture = Image.new("RGB", (8, 8))
    return Example(picture=picture, things=things, strangers=(), background="sky", style=style)


def reading(*things: Detection, background: str = "sky", style: str | None = None) -> Reading:
    return Reading(things=things, background=background, style=style)


def test_a_thing_is_found_near_its_place_and_only_once() -> None:
    near, far = see(replace(DOG, x=90)), see(replace(DOG, x=120))
    assert find_things([DOG], [far, near]) == [near]
    assert find_things([DOG], [far]) == [None]
    assert find_things([DOG, DOG], [near]) == [near, None]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ((see(DOG), see(CAT)), True),
        ((see(CAT), see(DOG)), True),
        ((see(DOG),), False),
        ((see(replace(DOG, color="blue")), see(CAT)), False),
        ((see(DOG), see(CAT), see(replace(CAT, y=30))), False),
    ],
)
def test_exact_means_everything_and_nothing_else(seen: tuple[Detection, ...], expected: bool) -> None:
    assert is_exact(example(DOG, CAT), reading(*seen)) is expected


def test_colours_do_not_matter_in_sepia() -> None:
    assert is_exact(example(DOG, style="sepia"), reading(see(replace(DOG, color="blue"))))


def test_errors_are_shares() -> None:
    error = error_of(
        [example(DOG, CAT), example(DOG)],
        [reading(see(replace(DOG, x=74))), reading(see(DOG), see(CAT), background="sand")],
    )
    assert error.found == pytest.approx(2 / 3, abs=1e-4)
    assert (error.color, error.exact, error.invented) == (1.0, 0.0, 0.5)
    assert (error.background, error.style, error.place_error_px) == (0.5, 1.0, 2.0)


def test_halves_share_nothing_and_lose_nothing() -> None:
    examples = [example(replace(DOG, x=x)) for x in range(40, 45)]
    groups = Groups(examples={"clean": examples}, pictures={"clean": [each.picture for each in examples]})
    even, odd = groups.halves()
    assert [*even.examples["clean"], *odd.examples["clean"]] == [*examples[::2], *examples[1::2]]
