"""Single things drawn by the engine, with the box of what stands out."""

from __future__ import annotations

import pytest

from engines.load_engine import load_engine
from training.eyes.drawn import drawn_views, standing_out
from training.eyes.views import ink_box
from training.stickers.catalogue import STARTER
from training.stickers.render import render
from training.stickers.scene import Scene, Thing

pytestmark = pytest.mark.font


@pytest.mark.parametrize("background", ["plain", "grass", "night"])
def test_what_stands_out_is_the_thing(background: str) -> None:
    empty = Scene(background=background, style=None, things=())
    thing = Thing(kind="heart", color="pink", x=120, y=150, size=100)
    picture = render(Scene(background=background, style=None, things=(thing,)))
    found = standing_out(picture, empty)
    assert found is not None
    assert all(abs(a - b) <= 6 for a, b in zip(found, ink_box(thing, (256, 256)), strict=True))
    assert standing_out(render(empty), empty) is None


def test_the_engine_draws_views_of_one_thing() -> None:
    views = drawn_views(STARTER, "square", 8, 0, load_engine("stickers-fast"))
    assert 4 <= len(views) <= 8
    for view in views:
        (thing,) = view.things
        assert thing.kind in STARTER.classes
        left, top, right, bottom = thing.box
        assert 0 <= left < right <= 256
        assert 0 <= top < bottom <= 256
        assert 30 < right - left < 220
