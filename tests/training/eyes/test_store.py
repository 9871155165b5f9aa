"""Stores: numbers for names, the same when read again, and what the engine gives back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.load_engine import load_engine
from tests.training.eyes.small import SMALL, stores
from training.eyes.store import IGNORED, Making, Store, build_store, sample_views, words_of
from training.eyes.views import Labelled, ViewTruth

pytestmark = pytest.mark.font


def test_labels_become_numbers() -> None:
    store = stores()["plain"]
    view = sample_views(SMALL, "square", "plain", 1, 0)[0]
    row = store.things_NT6[0]
    assert (row[:, 0] != IGNORED).sum() == len(view.things)
    for thing, numbers in zip(view.things, row, strict=False):
        assert numbers[0] == (3 if thing.kind is None else SMALL.classes.index(thing.kind))
        assert numbers[2] == (thing.box[0] + thing.box[2]) / 4
    assert store.wholes_N3[0, 0] == SMALL.backgrounds.index(view.background)
    assert store.pixels_NHW3.shape == (12, 128, 128, 3)


def test_pictures_from_outside_have_no_labels() -> None:
    store = stores()["outside"]
    assert (store.things_NT6 == IGNORED).all()
    assert (store.wholes_N3 == [IGNORED, IGNORED, 0]).all()


def test_a_store_is_made_once_and_read_again(tmp_path: Path) -> None:
    drawer = load_engine("stickers-fast")
    making = Making(num_plain=3, num_decoded=2, num_redrawn=2, num_drawn=4, num_outside=1)
    said: list[str] = []
    made, again = (
        build_store(tmp_path, SMALL, "square", making, drawer.parts.vae, drawer, said.append)
        for _ in range(2)
    )
    assert len(said) == 5
    assert set(made) == {"plain", "decoded", "redrawn", "drawn", "outside"}
    for kind, store in made.items():
        assert np.array_equal(store.pixels_NHW3, again[kind].pixels_NHW3)
        assert np.array_equal(store.things_NT6, again[kind].things_NT6)
    assert isinstance(Store.load(tmp_path / "plain-square.npz"), Store)


def test_what_the_engine_redraws_is_still_the_view(tmp_path: Path) -> None:
    drawer = load_engine("stickers-fast")
    making = Making(num_plain=1, num_decoded=1, num_redrawn=4, num_drawn=4, num_outside=1)
    store = build_store(tmp_path, SMALL, "square", making, drawer.parts.vae, drawer, lambda _: None)[
        "redrawn"
    ]
    views = sample_views(SMALL, "square", "redrawn", 4, 0)
    for view, pixels in zip(views, store.pixels_NHW3, strict=True):
        truth = np.asarray(view.picture.resize((128, 128)), float)
        error = np.abs(truth - pixels).mean()
        assert 0.5 < error < 25


def test_a_view_in_words() -> None:
    cat = Labelled(kind="cat", color="red", has_color=True, box=(0, 0, 9, 9))
    stranger = Labelled(kind=None, color=None, has_color=False, box=(0, 0, 9, 9))
    picture = sample_views(SMALL, "square", "plain", 1, 0)[0].picture
    view = ViewTruth(picture=picture, things=(cat, stranger, cat), background="night", style="sepia")
    assert words_of(view) == "two red cats at night sepia"
