"""Which instructions add something: in the small world's own words, and in others."""

from __future__ import annotations

import pytest

from engines.adding import adds_something
from training.seeds import rng_for
from training.stickers.catalogue import STARTER, WHOLE, World
from training.stickers.edits import EditType, sample_edit


@pytest.mark.parametrize("world", [STARTER, WHOLE])
def test_it_is_right_about_every_edit_of_the_small_world(world: World) -> None:
    types = [type for type in EditType if type in world.edits]
    for number in range(40):
        for type in types:
            edit = sample_edit(rng_for("adding", 0, number), type, world=world)
            assert adds_something(edit.instruction) is (type is EditType.ADD), edit.instruction


@pytest.mark.parametrize(
    "instruction",
    [
        "Add a hat",
        "please add two stars above the house",
        "put a hat on the dog",
        "now draw another fish",
        "and put in some flowers",
        "Could you add the cat back?",
    ],
)
def test_something_new_comes(instruction: str) -> None:
    assert adds_something(instruction)


@pytest.mark.parametrize(
    "instruction",
    [
        "put it on grass",
        "put the cat on the beach",
        "paint the car red",
        "make the dog blue",
        "add fog",
        "add a night sky as the background",
        "remove the added star",
        "place it to the left",
        "",
    ],
)
def test_nothing_new_comes(instruction: str) -> None:
    assert not adds_something(instruction)
