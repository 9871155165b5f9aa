from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from agent.safety import check_picture
from engines.errors import NonFiniteOutput


@pytest.mark.parametrize("color", ["black", "white", (127, 127, 127)])
def test_a_picture_of_one_colour_is_refused(color: str | tuple[int, int, int]) -> None:
    with pytest.raises(NonFiniteOutput, match="seed"):
        check_picture(Image.new("RGB", (64, 64), color))


def test_dark_and_pale_pictures_pass() -> None:
    dice = np.random.default_rng(7)
    for level in (0, 3, 250):
        pixels = dice.integers(level, level + 4, (64, 64, 3), dtype=np.uint8)
        check_picture(Image.fromarray(pixels))
