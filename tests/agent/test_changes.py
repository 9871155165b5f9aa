"""What counts as changed: more than a codec's noise, and outside a kept region any bit."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from agent.changes import changed_region, compare, is_wide, overlay, paste_back

SIZE = (200, 120)
BOX = (40, 30, 90, 80)


def noise_picture(size: tuple[int, int] = SIZE, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(60, 200, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(pixels)


def with_noise(image: Image.Image, sigma: float) -> Image.Image:
    pixels = np.asarray(image, np.float32)
    noise = np.random.default_rng(1).normal(0, sigma, pixels.shape)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).round().astype(np.uint8))


def with_box(image: Image.Image, box: tuple[int, int, int, int] = BOX, color: str = "red") -> Image.Image:
    painted = image.copy()
    painted.paste(color, box)
    return painted


def mask(box: tuple[int, int, int, int] = BOX, size: tuple[int, int] = SIZE) -> Image.Image:
    drawn = Image.new("L", size)
    drawn.paste(255, box)
    return drawn


def test_what_shines_through_outside_of_the_region_stays_to_the_bit() -> None:
    source = noise_picture().convert("RGBA")
    source.putalpha(Image.linear_gradient("L").resize(SIZE))
    edited = with_box(noise_picture(seed=3))
    whole = paste_back(source, edited, mask())
    before, after = np.array(source), np.array(whole)
    left, top, right, bottom = BOX
    inner = np.s_[top + 4 : bottom - 4, left + 4 : right - 4]
    assert whole.mode == "RGBA"
    assert (after[inner] == (255, 0, 0, 255)).all(), "nothing shines through what was painted"
    for pixels in (before, after):
        pixels[top:bottom, left:right] = 0
    assert (before == after).all()


def test_the_share_is_that_of_the_box_and_noise_is_none_of_it() -> None:
    picture = noise_picture()
    assert compare(picture, picture).share == 0
    assert compare(picture, with_noise(picture, 4)).share == 0
    share = compare(picture, with_box(with_noise(picture, 4))).share
    assert share == pytest.approx(50 * 50 / (200 * 120), rel=0.3), "the blur widens it by a pixel or two"


def test_outside_is_told_only_where_a_region_is_known() -> None:
    picture = noise_picture()
    edited = with_box(picture)
    assert compare(picture, edited).outside is None
    assert compare(picture, edited, mask()).outside == 0, "the blur carries no change out of the region"
    missed = compare(picture, edited, mask((0, 0, 40, 120)))
    assert missed.outside == pytest.approx(50 * 50 / (160 * 120), rel=0.2)


def test_where_the_rest_was_to_stay_one_bit_counts() -> None:
    picture = noise_picture()
    edited = with_box(picture)
    value = picture.getpixel((0, 0))
    assert isinstance(value, tuple)
    edited.putpixel((0, 0), (value[0] ^ 1, value[1], value[2]))
    assert compare(picture, edited, mask()).outside == 0
    assert compare(picture, edited, mask(), is_kept=True).outside == pytest.approx(1 / (200 * 120 - 50 * 50))


def test_a_picture_of_another_size_is_compared_as_the_editor_saw_it() -> None:
    source = Image.linear_gradient("L").resize((300, 200)).convert("RGB")
    edited = source.crop((50, 0, 250, 200)).resize((128, 128), Image.Resampling.LANCZOS)
    assert compare(source, edited).share == 0


def test_the_main_places_are_found_and_specks_are_not() -> None:
    picture = noise_picture()
    edited = with_box(with_box(picture), (150, 20, 180, 60), "blue")
    region = changed_region(picture, with_box(edited, (5, 100, 9, 104), "white"))
    kept = np.asarray(region) > 0
    assert kept[30:80, 40:90].all()
    assert kept[20:60, 150:180].all()
    assert not kept[95:, :30].any(), "a speck is drift"
    assert kept.mean() < 2 * (50 * 50 + 30 * 40) / (200 * 120)


def test_without_a_change_there_is_no_region() -> None:
    picture = noise_picture((33, 70))
    region = changed_region(picture, with_noise(picture, 3))
    assert region.size == (33, 70)
    assert region.getbbox() is None
    assert not is_wide(region)
    assert is_wide(changed_region(picture, Image.new("RGB", picture.size)))


@pytest.mark.parametrize("size", [(64, 64), (65, 47), (513, 200)])
def test_what_is_pasted_back_is_the_source_to_the_bit(size: tuple[int, int]) -> None:
    source, edited = noise_picture(size), noise_picture(size, seed=2)
    region = Image.new("L", size)
    ImageDraw.Draw(region).ellipse((10, 10, 40, 40), fill=255)
    result = np.asarray(paste_back(source, edited, region))
    outside = np.asarray(region) == 0
    assert (result[outside] == np.asarray(source)[outside]).all()
    assert (result[22:28, 22:28] == np.asarray(edited)[22:28, 22:28]).all()
    edge = result[10:12, 24:26].astype(int)
    assert (np.abs(edge - np.asarray(edited)[10:12, 24:26].astype(int)) > 0).any(), "soft inside the edge"


def test_the_map_is_red_where_something_changed() -> None:
    picture = Image.new("RGB", SIZE, "white")
    drawn = Image.open(io.BytesIO(overlay(picture, with_box(picture, color="blue"))))
    assert drawn.format == "PNG"
    assert drawn.size == SIZE
    red, green, _ = np.asarray(drawn).transpose(2, 0, 1).astype(int)
    assert (red - green)[40:70, 50:80].min() > 100
    assert (red - green)[:20].max() == 0
