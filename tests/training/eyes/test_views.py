"""Views: what is labelled is what is drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.eyes.views import ViewTruth, ink_box, natural_colors, sample_view
from training.seeds import rng_for
from training.stickers.catalogue import STARTER, WHOLE
from training.stickers.render import render
from training.stickers.scene import Scene, Thing

pytestmark = pytest.mark.font


def views(count: int) -> list[ViewTruth]:
    alike = natural_colors(STARTER)
    return [sample_view(rng_for("test-views", 0, index), STARTER, alike) for index in range(count)]


def test_a_box_is_tight_around_the_ink() -> None:
    thing = Thing(kind="fish", color="red", x=100, y=120, size=80)
    empty, drawn = (
        np.asarray(render(Scene(background="plain", style=None, things=things)), np.int16)
        for things in ((), (thing,))
    )
    rows, columns = np.nonzero(np.abs(drawn - empty).max(axis=2) > 40)
    left, top, right, bottom = ink_box(thing, (256, 256))
    assert abs(left - columns.min()) <= 3
    assert abs(right - 1 - columns.max()) <= 3
    assert abs(top - rows.min()) <= 3
    assert abs(bottom - 1 - rows.max()) <= 3
    assert right - left > bottom - top  # a fish is wider than high


def test_labels_are_the_worlds_and_strangers_have_no_name() -> None:
    things = [thing for view in views(60) for thing in view.things]
    assert {thing.kind for thing in things} > {None, "cat", "heart"}
    assert all(thing.kind is None or thing.kind in STARTER.classes for thing in things)
    assert all(thing.color is None or thing.color in STARTER.colors for thing in things)
    assert all(not thing.has_color for thing in things if thing.kind is None)
    assert all(view.background in STARTER.backgrounds for view in views(5))


def test_the_number_of_things_goes_from_none_to_six() -> None:
    counts = {len(view.things) for view in views(120)}
    assert counts >= {0, 1, 2, 3, 4, 5}
    assert max(counts) <= 6


def test_own_colours_that_look_like_a_palette_colour_bear_its_name() -> None:
    alike = natural_colors(STARTER)
    assert alike["heart"] == "red"
    assert "robot" not in alike
    hearts = [t for view in views(200) for t in view.things if t.kind == "heart"]
    assert hearts
    assert all(heart.color is not None for heart in hearts)
    assert natural_colors(replace(STARTER, colors=())) == {}


def test_a_world_without_foreign_classes_has_strangers_too() -> None:
    alike = natural_colors(replace(WHOLE, classes=WHOLE.classes[:4]))
    found = [sample_view(rng_for("test-whole", 0, index), WHOLE, alike, "landscape") for index in range(25)]
    assert any(thing.kind is None for view in found for thing in view.things)
    assert all(view.picture.size == (320, 192) for view in found)
