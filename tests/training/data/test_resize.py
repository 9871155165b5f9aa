"""Both rules: inside the square, or of its area; whole patches; nothing is stretched."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engines.errors import UnsupportedSize
from engines.sizes import Size
from training.data.resize import find_size


@pytest.mark.parametrize(
    ("outline", "square", "area"),
    [
        (Size(3000, 3000), Size(512, 512), Size(512, 512)),
        (Size(1600, 900), Size(512, 288), Size(672, 384)),
        (Size(900, 1600), Size(288, 512), Size(384, 672)),
        (Size(200, 100), Size(512, 256), Size(720, 352)),
        (Size(5000, 100), Size(512, 128), Size(1024, 256)),
    ],
)
def test_sizes_of_known_outlines(outline: Size, square: Size, area: Size) -> None:
    assert find_size(outline, "square", 512, 16) == square
    assert find_size(outline, "area", 512, 16) == area


def test_sizes_are_whole_fit_and_keep_the_outline() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        outline = Size(*(int(side) for side in rng.integers(200, 3000, 2)))
        if max(outline.width / outline.height, outline.height / outline.width) > 4:
            continue
        for rule in ("square", "area"):
            size = find_size(outline, rule, 256, 16)  # type: ignore[arg-type]
            size.require_multiple_of(16)
            assert size.area_px <= 256**2
            if rule == "square":
                assert max(size.width, size.height) == 256
            bent = math.log(size.width / size.height) - math.log(outline.width / outline.height)
            assert abs(bent) < 0.16


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UnsupportedSize):
        find_size(Size(0, 10), "square", 256, 16)
    with pytest.raises(UnsupportedSize):
        find_size(Size(10, 10), "square", 8, 16)
