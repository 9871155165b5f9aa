"""The eyes judged: perfect eyes are exact, blind ones are not, and strangers count for nothing."""

from __future__ import annotations

import pytest

from engines.load_engine import load_engine
from engines.seen import Seen, SeenThing
from tests.training.eyes.small import SMALL
from training.eyes.accuracy import above, error_of, held_out
from training.eyes.store import sample_views
from training.eyes.views import ViewTruth

pytestmark = pytest.mark.font


def perfectly_seen(view: ViewTruth) -> Seen:
    things = [
        SeenThing(kind=thing.kind, color=thing.color, box=thing.box, confidence=0.9)
        for thing in view.things
        if thing.kind is not None
    ]
    return Seen(
        size=view.picture.size,
        is_known=True,
        confidence=1.0,
        things=tuple(things),
        background=view.background,
        style=view.style,
    )


def test_perfect_eyes() -> None:
    views = sample_views(SMALL, "square", "plain", 20, 0)
    error = error_of(views, [perfectly_seen(view) for view in views])
    assert (error.exact, error.found, error.color, error.background, error.style) == (1, 1, 1, 1, 1)
    assert (error.invented, error.known) == (0, 1)


def test_blind_eyes_are_right_only_where_nothing_is() -> None:
    views = sample_views(SMALL, "square", "plain", 20, 0)
    blind = [Seen(size=view.picture.size, is_known=False, confidence=0.0) for view in views]
    error = error_of(views, blind)
    empty = [all(thing.kind is None for thing in view.things) for view in views]
    assert error.exact == sum(empty) / len(empty)
    assert (error.found, error.known, error.invented) == (0, 0, 0)


def test_from_outside_only_being_known_counts() -> None:
    error = error_of(
        [None, None], [Seen(size=(8, 8), is_known=is_known, confidence=0.5) for is_known in (True, False)]
    )
    assert error.known == 0.5
    assert error.exact is None


def test_a_higher_bar_keeps_the_surer_things() -> None:
    things = tuple(
        SeenThing(kind="cat", color=None, box=(0, 0, 9, 9), confidence=value) for value in (0.9, 0.3)
    )
    seen = Seen(size=(8, 8), is_known=True, confidence=1.0, things=things)
    assert above(seen, 0.5).things == things[:1]


def test_held_out_pictures_come_in_four_kinds() -> None:
    drawer = load_engine("stickers-fast")
    groups = held_out(SMALL, drawer.parts.vae, drawer, count=2)
    assert {name: len(group.pictures) for name, group in groups.items()} == {
        "plain": 2,
        "decoded": 2,
        "redrawn": 2,
        "outside": 2,
    }
    assert groups["outside"].truths == [None, None]
