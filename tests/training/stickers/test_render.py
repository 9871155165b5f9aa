from dataclasses import replace

import numpy as np

from training.stickers.catalogue import BACKGROUNDS, CLASSES, COLORS
from training.stickers.render import render, thing_mask
from training.stickers.scene import PICTURE_PX, Scene, Thing

APPLE = Thing(kind="apple", color="blue", x=128, y=100, size=96)


def test_picture_is_rgb_of_the_right_size_and_repeatable() -> None:
    scene = Scene(background="grass", style=None, things=(APPLE,))
    picture = render(scene)
    assert (picture.mode, picture.size) == ("RGB", (PICTURE_PX, PICTURE_PX))
    assert np.array_equal(np.asarray(picture), np.asarray(render(scene)))


def test_color_fills_the_thing_and_nothing_else() -> None:
    blank = np.asarray(render(Scene(background="plain", style=None, things=())), np.int16)
    drawn = np.asarray(render(Scene(background="plain", style=None, things=(APPLE,))), np.int16)
    mask = thing_mask(APPLE)
    left, top, right, bottom = APPLE.box
    outside = np.ones_like(mask)
    outside[top:bottom, left:right] = False
    assert np.array_equal(drawn[outside], blank[outside])
    middle = np.median(drawn[mask], axis=0)
    assert np.abs(middle - COLORS["blue"]).max() < 40


def test_every_class_has_ink_in_every_color() -> None:
    for kind in CLASSES:
        for color in (*COLORS, None):
            assert thing_mask(replace(APPLE, kind=kind, color=color)).mean() > 0.02


def test_backgrounds_and_styles_differ() -> None:
    pictures = [
        np.asarray(render(Scene(background=name, style=None, things=())), np.int16) for name in BACKGROUNDS
    ]
    for index, first in enumerate(pictures):
        for second in pictures[:index]:
            assert np.abs(first - second).mean() > 5
    scene = Scene(background="sky", style=None, things=(APPLE,))
    sepia = np.asarray(render(replace(scene, style="sepia")), np.int16)
    assert (sepia[..., 0] >= sepia[..., 2]).all()
    blocks = np.asarray(render(replace(scene, style="pixel art"))).reshape(32, 8, 32, 8, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()
