"""Small pictures laid over one another: copies fit, other scenes do not, however alike their colours are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from training.data.curation.overlay import Overlay


def scene(kind: str, left: int = 96, color: str = "navy", floor: str = "sienna") -> Image.Image:
    image = Image.new("RGB", (256, 256), "wheat")
    pen, box = ImageDraw.Draw(image), (left, 100, left + 80, 180)
    pen.rectangle((0, 200, 256, 256), fill=floor)
    if kind == "disc":
        pen.ellipse(box, fill=color)
    if kind == "bars":
        for top in (100, 150):
            pen.rectangle((left, top, left + 80, top + 30), fill=color)
    return image


def pale(kind: str) -> Image.Image:
    """On bare ground, of hardly another colour."""
    return scene(kind, color="moccasin", floor="wheat")


def fits(one: Image.Image, two: Image.Image) -> bool:
    small = np.stack([np.asarray(each.resize((48, 48), Image.Resampling.BOX)) for each in (one, two)])
    return bool(Overlay().fits(small, np.array([0]), np.array([1]))[0])


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "nothing": lambda image: image,
    "cropped": lambda image: image.crop((20, 4, 240, 250)),
    "cropped more": lambda image: image.crop((0, 22, 234, 256)),
    "mirrored": ImageOps.mirror,
    "scaled": lambda image: image.resize((120, 120)),
    "darker": lambda image: image.point(lambda level: int(level * 0.88)),
    "mirrored and cropped": lambda image: ImageOps.mirror(image).crop((10, 10, 256, 240)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ["disc", "bars"])
def test_a_copy_fits(change: str, kind: str) -> None:
    original = scene(kind, left=60)
    assert fits(original, CHANGES[change](original))
    assert fits(CHANGES[change](original), original)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (scene("disc"), scene("bars")),
        (scene("disc"), scene("disc", color="gold")),
        (scene("disc"), scene("none")),
        (scene("disc", left=10), scene("disc", left=90)),
        (pale("disc"), pale("none")),
        (pale("disc"), pale("bars")),
        (pale("none"), scene("none")),
    ],
)
def test_another_scene_does_not(one: Image.Image, two: Image.Image) -> None:
    assert not fits(one, two)
    assert not fits(two, one)


def test_a_pale_copy_fits_too() -> None:
    original = pale("bars")
    assert fits(original, CHANGES["mirrored and cropped"](original))


def test_of_each_pair_a_share_is_told() -> None:
    """None of what is the same, more of what is less alike, and no number where a first look was enough."""
    original = scene("bars", left=60)
    others = [original, CHANGES["cropped"](original), scene("disc", left=60), scene("disc", left=150)]
    pictures = np.stack([np.asarray(each.resize((48, 48), Image.Resampling.BOX)) for each in others])
    left = Overlay(most_at_first=0.9).left(pictures, np.zeros(4, np.int64), np.arange(4))
    assert left[0] < 0.001
    assert left[0] < left[1] < Overlay().most_left < left[2] < left[3]
    assert np.isinf(Overlay().left(pictures, np.zeros(4, np.int64), np.arange(4))[3])


def test_no_pairs_are_no_work() -> None:
    none = np.empty(0, np.int64)
    assert Overlay().fits(np.zeros((2, 48, 48, 3), np.uint8), none, none).shape == (0,)
