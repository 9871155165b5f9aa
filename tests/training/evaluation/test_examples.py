"""The judge's training pictures."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.examples import Example, sample_example, sample_layout
from training.seeds import rng_for
from training.stickers.catalogue import KINDS
from training.stickers.render import render
from training.stickers.scene import Scene, Thing, is_held_out

pytestmark = pytest.mark.font


def test_an_example_depends_on_its_seed_alone() -> None:
    first, again = (sample_example(rng_for("test", 0, 5)) for _ in range(2))
    assert np.array_equal(np.asarray(first.picture), np.asarray(again.picture))
    assert (first.things, first.strangers) == (again.things, again.strangers)


def test_layouts_cover_the_world_with_held_out_looks_and_overlap_little() -> None:
    layouts = [sample_layout(rng_for("test-layouts", 0, index)) for index in range(500)]
    things = [thing for layout in layouts for thing in layout.things]
    assert {thing.kind for thing in things} == set(KINDS)
    assert any(is_held_out(thing.kind, thing.color) for thing in things)
    assert {len(layout.things) for layout in layouts} >= {0, 1, 2, 3, 4}
    for layout in layouts:
        for i, a in enumerate(layout.things):
            for b in layout.things[i + 1 :]:
                assert max(abs(a.x - b.x), abs(a.y - b.y)) > 0.45 * (a.size + b.size)


def scene_of(each: Example, things: tuple[Thing, ...]) -> Scene:
    return Scene(
        background=each.background, style=each.style, things=things, shape=each.shape, effect=each.effect
    )


def test_without_strangers_a_clean_example_is_the_render() -> None:
    for index in range(10):
        each = sample_example(rng_for("test-clean", 0, index), share_of_strangers=0.0, is_clean=True)
        scene = scene_of(each, each.things)
        assert each.strangers == ()
        assert np.array_equal(np.asarray(each.picture), np.asarray(render(scene)))


def test_strangers_are_drawn_where_they_are_said_to_be() -> None:
    for index in range(20):
        each = sample_example(rng_for("test-strangers", 1, index), share_of_strangers=1.0, is_clean=True)
        empty = np.asarray(render(scene_of(each, ())), np.int16)
        changed = np.abs(np.asarray(each.picture, np.int16) - empty).max(axis=2) > 4
        for stranger in each.strangers:
            left, top, right, bottom = (max(0, value) for value in stranger.box)
            assert changed[top:bottom, left:right].mean() > 0.05
        assert each.things == ()


def test_damage_changes_pictures_but_not_what_they_show() -> None:
    pairs = [
        [
            sample_example(rng_for("test-damage", 0, index), share_of_strangers=0.0, is_clean=is_clean)
            for is_clean in (True, False)
        ]
        for index in range(30)
    ]
    differences = [
        np.abs(np.asarray(clean.picture, np.float32) - np.asarray(damaged.picture, np.float32)).mean()
        for clean, damaged in pairs
    ]
    assert all(clean.things == damaged.things for clean, damaged in pairs)
    assert np.mean(np.array(differences) > 0.5) > 0.5
    assert max(differences) < 60
