"""Rules that make a size fit."""

from __future__ import annotations

import pytest
from PIL import Image

from engines.errors import UnsupportedSize
from engines.presets import PRESETS
from engines.sizes import Size, closest_size, cover, size_of_area, size_of_budget

LANDSCAPE, PORTRAIT, SQUARE = Size(320, 192), Size(192, 320), Size(256, 256)


@pytest.mark.parametrize("size", [Size(250, 256), Size(0, 16), Size(-16, 16)])
def test_sides_must_be_positive_multiples(size: Size) -> None:
    with pytest.raises(UnsupportedSize, match="multiples of 16"):
        size.require_multiple_of(16)


def test_a_fitting_size_passes() -> None:
    assert LANDSCAPE.require_multiple_of(16) is LANDSCAPE


@pytest.mark.parametrize(
    ("size", "expected"),
    [(Size(1920, 1080), LANDSCAPE), (Size(1080, 1920), PORTRAIT), (Size(500, 480), SQUARE)],
)
def test_the_closest_outline_wins(size: Size, expected: Size) -> None:
    assert closest_size(size, [SQUARE, LANDSCAPE, PORTRAIT]) == expected


def test_cover_keeps_the_middle_and_does_not_stretch() -> None:
    image = Image.new("RGB", (600, 200), "white")
    image.paste("red", (200, 0, 400, 200))
    covered = cover(image, Size(100, 100))
    assert covered.size == (100, 100)
    assert covered.getpixel((50, 50)) == (255, 0, 0)
    assert covered.getpixel((5, 50)) == (255, 0, 0)


def test_cover_returns_a_fitting_picture_untouched() -> None:
    image = Image.new("RGB", (64, 32))
    assert cover(image, Size(64, 32)) is image


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (Size(1920, 1080), Size(1360, 768)),
        (Size(640, 480), Size(1168, 880)),
        (Size(3000, 4000), Size(880, 1168)),
        (Size(1000, 1500), Size(832, 1248)),
    ],
)
def test_megapixel_sizes_are_those_of_the_official_script(size: Size, expected: Size) -> None:
    assert size_of_area(size, 1024 * 1024, 16) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (Size(512, 512), Size(1024, 1024)),
        (Size(1920, 1080), Size(1360, 768)),
        (Size(1024, 1024), Size(1024, 1024)),
        (Size(100, 37), Size(1680, 608)),
    ],
)
def test_the_budget_rule_is_the_pipelines(size: Size, expected: Size) -> None:
    assert size_of_budget(size, 1024 * 1024, 16) == expected


@pytest.mark.parametrize("size", PRESETS["full"].sizes, ids=str)
def test_published_sizes_stay_as_they_are(size: Size) -> None:
    assert size_of_budget(size, 1024 * 1024, 16) == size


@pytest.mark.parametrize(
    ("size", "sentence"), [(Size(100_000, 1), "too long and thin"), (Size(0, 64), "0x64 has no area")]
)
def test_a_strip_has_no_budget_size(size: Size, sentence: str) -> None:
    with pytest.raises(UnsupportedSize, match=sentence):
        size_of_budget(size, 1024 * 1024, 16)


def test_a_strip_has_no_size() -> None:
    with pytest.raises(UnsupportedSize, match="too long and thin"):
        size_of_area(Size(200_000, 10), 1024 * 1024, 16)
