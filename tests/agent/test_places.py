"""The thing an instruction names, and where eyes see it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from agent.places import find_place, named_things, only_recolors_or_removes


@pytest.mark.parametrize(
    ("instruction", "things"),
    [
        ("make the red car blue", ("red car",)),
        ("paint the cat green", ("cat",)),
        ("remove the dog", ("dog",)),
        ("replace the dog with a cat", ("dog",)),
        ("change the color of the boat to red", ("boat",)),
        ("make the car blue, and remove the dog", ("car", "dog")),
        ("make the car blue and add a hat", ()),
        ("add a hat", ()),
        ("make it blue", ()),
        ("change the background to a forest", ()),
        ("turn it into a watercolor", ()),
        ("make the picture darker", ()),
    ],
)
def test_named_is_what_changes_where_it_stands(instruction: str, things: tuple[str, ...]) -> None:
    assert named_things(instruction) == things


@pytest.mark.parametrize(
    ("instruction", "does"),
    [
        ("make the red car blue", True),
        ("Change the tree to red.", True),
        ("change the colour of the boat to red", True),
        ("get rid of the dog", True),
        ("make the car blue, and remove the dog", True),
        ("make the car blue and make the dog bigger", False),
        ("make the dog bigger", False),
        ("replace the dog with a cat", False),
        ("turn the dog into a red cat", False),
        ("turn the dog into a cat", False),
        ("add a blue hat", False),
    ],
)
def test_recolouring_and_removing_are_told_from_other_changes(instruction: str, does: bool) -> None:
    assert only_recolors_or_removes(instruction, ("red", "blue")) == does


class OneThing:
    """Eyes that know where the car is, and nothing else."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, image: Image.Image, words: str) -> Image.Image | None:
        self.asked.append(words)
        if words != "car":
            return None
        found = Image.new("L", image.size)
        found.paste(255, (20, 20, 40, 40))
        return found


def test_a_place_is_the_thing_and_a_margin() -> None:
    eyes = OneThing()
    place = find_place(Image.new("RGB", (64, 64)), "make the car blue", eyes)
    assert place is not None
    assert eyes.asked == ["car"]
    marked = np.asarray(place) > 0
    assert marked[18:42, 18:42].all()
    assert marked.sum() == 24 * 24


@pytest.mark.parametrize(
    "instruction", ["make the dog blue", "make the car blue and remove the dog", "add a hat"]
)
def test_unless_all_is_seen_there_is_no_place(instruction: str) -> None:
    assert find_place(Image.new("RGB", (64, 64)), instruction, OneThing()) is None
