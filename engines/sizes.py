"""Picture sizes and the rules that make a size fit a model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from engines.errors import UnsupportedSize

MEGAPIXEL = 1024 * 1024
"""The area that the published models were trained at, in pixels."""


@dataclass(frozen=True)
class Size:
    """Width and height of a picture in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def area_px(self) -> int:
        return self.width * self.height

    @property
    def shape(self) -> str:
        """ "square", "landscape" or "portrait"."""
        if self.width == self.height:
            return "square"
        return "landscape" if self.width > self.height else "portrait"

    def require_multiple_of(self, factor: int) -> Size:
        """Return self; raises UnsupportedSize when a side is not a positive multiple of `factor`."""
        if min(self.width, self.height) <= 0 or self.width % factor or self.height % factor:
            raise UnsupportedSize(f"{self} does not fit: both sides must be positive multiples of {factor}.")
        return self


def closest_size(size: Size, candidates: Sequence[Size]) -> Size:
    """The candidate of most similar outline (ratio of sides), the earlier one when equal."""
    return min(
        candidates, key=lambda each: abs(math.log(each.width * size.height / (each.height * size.width)))
    )


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How a picture is brought to a size: scaled to `scaled`, then cut from `left` and `top` on."""

    scaled: Size
    left: int
    top: int


def cut_to_cover(image: Image.Image, size: Size) -> Cut:
    """Scaled until it covers `size`, cut equally from both sides."""
    scale = max(size.width / image.width, size.height / image.height)
    width, height = max(size.width, round(image.width * scale)), max(size.height, round(image.height * scale))
    return Cut(scaled=Size(width, height), left=(width - size.width) // 2, top=(height - size.height) // 2)


def cover(image: Image.Image, size: Size) -> Image.Image:
    """Scale `image` until it covers `size`, then cut equally from both sides."""
    if image.size == (size.width, size.height):
        return image
    cut = cut_to_cover(image, size)
    scaled = image.resize((cut.scaled.width, cut.scaled.height), Image.Resampling.BICUBIC)
    return scaled.crop((cut.left, cut.top, cut.left + size.width, cut.top + size.height))


def uncover(part: Image.Image, image: Image.Image) -> Image.Image:
    """Put `part`, which `cover` cut from `image` and someone changed, back into a copy of it."""
    cut = cut_to_cover(image, Size(part.width, part.height))
    across, down = image.width / cut.scaled.width, image.height / cut.scaled.height
    left, right = round(cut.left * across), round((cut.left + part.width) * across)
    top, bottom = round(cut.top * down), round((cut.top + part.height) * down)
    whole = image.copy()
    whole.paste(part.resize((right - left, bottom - top), Image.Resampling.BICUBIC), (left, top))
    return whole


def halved(image: Image.Image, smallest_side: int) -> Image.Image:
    """Halve by averaging while both sides stay `smallest_side` or longer, as the E1.1 script does first."""
    while min(image.size) >= 2 * smallest_side:
        image = image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX)
    return image


def size_of_area(size: Size, area_px: int, factor: int) -> Size:
    """The largest size of about this outline with sides in multiples of `factor` and at most `area_px`.

    HiDream-E1.1's rule: scale to the area, round each side down and to nearest, take the largest that fits.
    """
    scale = math.sqrt(area_px / (size.width * size.height))
    widths, heights = (
        [int(side * scale) // factor * factor, round(side * scale) // factor * factor]
        for side in (size.width, size.height)
    )
    fitting = [Size(w, h) for w in widths for h in heights if 0 < w * h <= area_px]
    if not fitting:
        raise UnsupportedSize(f"{size} is too long and thin for this engine: crop it first.")
    return max(fitting, key=lambda each: each.width * each.height)


def size_of_budget(size: Size, area_px: int, factor: int) -> Size:
    """HiDream-I1's rule for any request: scale to the area, round both sides down to whole `factor`s.

    Small sizes grow and large ones shrink. Raises UnsupportedSize where a side would vanish.
    """
    if min(size.width, size.height) <= 0:
        raise UnsupportedSize(f"{size} has no area: both sides must be positive.")
    scale = math.sqrt(area_px / size.area_px)
    width, height = (int(side * scale) // factor * factor for side in (size.width, size.height))
    if not width or not height:
        raise UnsupportedSize(f"{size} is too long and thin for this engine: choose another shape.")
    return Size(width, height)
