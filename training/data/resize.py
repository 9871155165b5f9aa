"""How training pictures are brought to a stage's resolution: two rules, sides in whole patches."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from PIL import Image

from engines.errors import UnsupportedSize
from engines.sizes import Size, cover, size_of_area

__all__ = ["ResizeRule", "find_size", "resized"]

ResizeRule = Literal["square", "area"]
MOST_STRETCHED = 4.0
"""The longest outline of a bucket, as a ratio of sides."""


def find_size(size: Size, rule: ResizeRule, resolution_px: int, multiple_px: int) -> Size:
    """The size that a picture of `size` is trained at; sides are multiples of `multiple_px`.

    "square": the largest of its outline that fits into the square of `resolution_px` (report, section 4.1).
    "area": a bucket of about the square's area, whatever the outline, as the released sizes are.
    Longer outlines than 4 to 1 count as 4 to 1, and lose their ends. Raises UnsupportedSize.
    """
    if min(size.width, size.height) <= 0 or resolution_px < multiple_px:
        raise UnsupportedSize(f"{size} cannot be trained at {resolution_px} px in steps of {multiple_px}.")
    size = within_reach(size)
    if rule == "area":
        return size_of_area(size, resolution_px**2, multiple_px)
    scale = resolution_px / max(size.width, size.height)
    width, height = (
        min(resolution_px // multiple_px, max(1, round(side * scale / multiple_px))) * multiple_px
        for side in (size.width, size.height)
    )
    return Size(width, height)


def within_reach(size: Size) -> Size:
    longest = math.ceil(MOST_STRETCHED * min(size.width, size.height))
    return Size(min(size.width, longest), min(size.height, longest))


def resized(draw: Callable[[int], Image.Image], sizes: list[Size]) -> Callable[[int], Image.Image]:
    """Pictures as `draw` gives them, each scaled and cut to its size."""
    return lambda index: cover(draw(index), sizes[index])
