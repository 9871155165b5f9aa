"""Exact work: where pixels only move, every one of them arrives."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from agent.adjust import adjust, extended, flat
from agent.errors import PlanRejected
from agent.operations import (
    MAX_SIDE_PX,
    Axis,
    Crop,
    CutOut,
    Extend,
    Flip,
    Operation,
    Resize,
    Rotate,
    Side,
    Upscale,
)


def picture(width: int = 60, height: int = 40) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image)


@pytest.mark.parametrize(
    ("operation", "box"),
    [
        (Crop(aspect=1), (10, 0, 50, 40)),
        (Crop(aspect=3), (0, 10, 60, 30)),
        (Crop(right=0.5), (0, 0, 30, 40)),
        (Crop(left=0.25, top=0.5), (15, 20, 60, 40)),
        (Crop(width=20, height=10), (20, 15, 40, 25)),
        (Crop(width=500, height=10), (0, 15, 60, 25)),
        (Crop(left=0.999), (59, 0, 60, 40)),
    ],
)
def test_a_crop_is_a_part_untouched(operation: Operation, box: tuple[int, int, int, int]) -> None:
    assert adjust(picture(), operation) == picture().crop(box)


def test_quarter_turns_and_flips_lose_nothing() -> None:
    source = pixels(picture())
    turned = pixels(adjust(picture(), Rotate(degrees=90)))
    assert (turned == np.rot90(source, -1)).all(), "clockwise"
    assert (pixels(adjust(picture(), Rotate(degrees=-90))) == np.rot90(source)).all()
    assert (pixels(adjust(picture(), Rotate(degrees=180))) == source[::-1, ::-1]).all()
    assert (pixels(adjust(picture(), Flip())) == source[:, ::-1]).all()
    assert (pixels(adjust(picture(), Flip(axis=Axis.VERTICAL))) == source[::-1]).all()


def test_another_turn_shows_all_and_fills_with_the_edge() -> None:
    image = Image.new("RGB", (80, 40), (10, 200, 30))
    turned = adjust(image, Rotate(degrees=30))
    assert turned.width > 80
    assert turned.height > 40
    assert turned.getpixel((0, 0)) == (10, 200, 30)


@pytest.mark.parametrize(
    ("operation", "size"),
    [
        (Resize(width=30, height=50), (30, 50)),
        (Resize(width=30), (30, 20)),
        (Resize(height=20), (30, 20)),
        (Resize(scale=0.5), (30, 20)),
        (Upscale(factor=2), (120, 80)),
        (Upscale(factor=4), (240, 160)),
    ],
)
def test_sizes_are_those_asked_for(operation: Operation, size: tuple[int, int]) -> None:
    assert adjust(picture(), operation).size == size


@pytest.mark.parametrize(
    ("image", "operation", "says"),
    [
        (picture(2000, 20), Upscale(factor=4), "8000x80"),
        (picture(60, 1), Resize(width=1), "1x0"),
        (picture(), Extend(sides=(Side.LEFT,), pixels=MAX_SIDE_PX), "4156x40"),
        (picture(60, 40), Extend(aspect=1.5), "already"),
    ],
)
def test_what_would_be_no_picture_is_refused_with_numbers(
    image: Image.Image, operation: Operation, says: str
) -> None:
    with pytest.raises(PlanRejected, match=says):
        adjust(image, operation)


@pytest.mark.parametrize(
    ("operation", "size", "corner"),
    [
        (Extend(sides=(Side.LEFT,)), (75, 40), (15, 0)),
        (Extend(sides=(Side.TOP, Side.BOTTOM), pixels=7), (60, 54), (0, 7)),
        (Extend(sides=tuple(Side), share=0.1), (72, 48), (6, 4)),
        (Extend(aspect=2), (80, 40), (10, 0)),
        (Extend(aspect=1), (60, 60), (0, 10)),
    ],
)
def test_more_canvas_leaves_the_picture_to_the_bit(
    operation: Extend, size: tuple[int, int], corner: tuple[int, int]
) -> None:
    canvas = extended(picture(), operation)
    left, top = corner
    assert canvas.image.size == canvas.new.size == size
    assert canvas.image.crop((left, top, left + 60, top + 40)) == picture()
    assert not pixels(canvas.new)[top : top + 40, left : left + 60].any()
    assert (pixels(canvas.new) > 0).sum() == size[0] * size[1] - 60 * 40


def test_new_canvas_goes_on_as_the_edge_does() -> None:
    image = Image.new("RGB", (40, 40), (200, 100, 50))
    grown = extended(image, Extend(sides=(Side.RIGHT,))).image
    assert grown.getpixel((49, 20)) == (200, 100, 50)


def sticker(ground: str = "lightyellow") -> Image.Image:
    image = Image.new("RGB", (100, 80), ground)
    draw = ImageDraw.Draw(image)
    draw.ellipse((30, 20, 70, 60), fill="blue")
    draw.ellipse((45, 35, 55, 45), fill=ground)
    return image


def test_a_cut_out_has_no_ground_but_keeps_holes_that_the_ground_does_not_reach() -> None:
    cut = adjust(sticker(), CutOut())
    assert cut.mode == "RGBA"
    alpha = pixels(cut.getchannel("A"))
    assert alpha[0, 0] == alpha[79, 99] == 0
    assert alpha[40, 35] == 255
    assert alpha[40, 50] == 255, "a hole in the thing is no ground"
    assert flat(cut).getpixel((0, 0)) == (255, 255, 255)
    turned = adjust(cut, Rotate(degrees=45))
    assert turned.mode == "RGBA"
    assert turned.getpixel((0, 0)) == (0, 0, 0, 0)


def test_a_ground_that_cannot_be_told_is_refused() -> None:
    with pytest.raises(PlanRejected, match="border"):
        adjust(Image.new("RGB", (50, 50), "red"), CutOut())
