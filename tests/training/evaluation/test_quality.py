"""The measures of looks, on pictures whose looks are known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from training.evaluation.quality import (
    feature_distance,
    features_of,
    fidelity_db,
    sharpness,
    true_scene_of,
)
from training.stickers.detector import Detection, Reading
from training.stickers.render import render
from training.stickers.scene import Scene, Thing

pytestmark = pytest.mark.font
CAR = Thing(kind="car", color="red", x=120, y=130, size=100, flip=True)
CAT = Thing(kind="cat", color=None, x=60, y=60, size=60)
SCENE = Scene(background="grass", style=None, things=(CAR,))


def seen(thing: Thing, *, off: int = 0) -> Detection:
    return Detection(
        kind=thing.kind,
        color=thing.color,
        confidence=0.9,
        x=thing.x + off,
        y=thing.y - off,
        size=thing.size + off,
    )


def test_a_true_picture_is_found_again_though_the_judge_is_a_little_off() -> None:
    reading = Reading(things=(seen(CAR, off=3),), background="grass", style=None)
    assert true_scene_of(render(SCENE), reading) == SCENE


def test_every_thing_is_fitted_and_later_ones_lie_on_top() -> None:
    scene = replace(SCENE, things=(CAT, CAR))
    reading = Reading(things=(seen(CAR), seen(CAT, off=2)), background="grass", style=None)
    assert true_scene_of(render(scene), reading) == scene


def test_fidelity_falls_with_every_fault() -> None:
    truth = render(SCENE)
    blue = render(replace(SCENE, things=(replace(CAR, color="blue"),)))
    nothing = render(Scene(background="night", style=None, things=()))
    assert fidelity_db(truth, truth) == pytest.approx(60)
    assert 60 > fidelity_db(blue, truth) > fidelity_db(nothing, truth)
    black, grey = Image.new("RGB", (8, 8)), Image.new("RGB", (8, 8), (51, 51, 51))
    assert fidelity_db(black, grey) == pytest.approx(20 * math.log10(5))


def test_blur_is_less_sharp_and_noise_sharper() -> None:
    truth = render(SCENE)
    assert sharpness(truth, truth) == pytest.approx(1)
    assert sharpness(truth.filter(ImageFilter.GaussianBlur(2)), truth) < 0.9
    assert sharpness(truth.filter(ImageFilter.UnsharpMask(2, 200)), truth) > 1.1


def test_feature_distance_of_known_distributions() -> None:
    rng = np.random.default_rng(0)
    first = rng.standard_normal((20_000, 3))
    assert feature_distance(first, first) == pytest.approx(0, abs=1e-6)
    moved = feature_distance(first, first + np.array([3.0, 0, 4.0]))
    assert moved == pytest.approx(25, abs=1e-6)
    wide = feature_distance(first, first * np.array([2.0, 1, 1]))  # (2 - 1)^2 for one axis
    assert wide == pytest.approx(1, abs=0.05)


def test_features_are_stacked() -> None:
    reading = Reading(things=(), background="plain", style=None, features=(1.0, 2.0))
    assert features_of([reading, reading]).shape == (2, 2)
