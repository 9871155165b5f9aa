"""Looks of the whole picture: styles with an exact truth, and light and weather."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

__all__ = ["apply_effect", "apply_style"]

_PIXEL_ART_BLOCK_PX = 8
_SEPIA_DARK = np.array([46, 30, 16], np.float32)
_SEPIA_LIGHT = np.array([250, 232, 200], np.float32)
_PAPER_BLUE = np.array([24, 66, 150], np.float32)
_FOG = Image.new("RGB", (1, 1), (208, 212, 216))
_FOG_SHARE = 0.55
_BLUR_PX = 4
_DARK, _BRIGHT = 0.45, 0.5


def apply_style(picture: Image.Image, style: str | None) -> Image.Image:
    """The whole-image style; None leaves the picture as it is."""
    match style:
        case "pixel art":
            small = picture.resize(
                (picture.width // _PIXEL_ART_BLOCK_PX, picture.height // _PIXEL_ART_BLOCK_PX),
                Image.Resampling.BOX,
            )
            return small.resize(picture.size, Image.Resampling.NEAREST)
        case "sepia":
            return _ramp(_luminance(picture), _SEPIA_DARK, _SEPIA_LIGHT)
        case "pencil sketch":
            return _ramp(1 - _edges(picture), np.full(3, 40, np.float32), np.full(3, 250, np.float32))
        case "blueprint":
            return _ramp(_edges(picture), _PAPER_BLUE, np.full(3, 240, np.float32))
        case "negative":
            return ImageOps.invert(picture)
        case "black and white":
            return picture.convert("L").convert("RGB")
        case "watercolor":
            return _watercolor(picture)
        case "poster":
            return ImageOps.posterize(picture.filter(ImageFilter.GaussianBlur(1)), 2).point(_spread)
        case _:
            return picture


def apply_effect(picture: Image.Image, effect: str | None) -> Image.Image:
    """Fog, blur, darkness or brightness over the picture; None leaves it as it is."""
    match effect:
        case "fog":
            return Image.blend(picture, _FOG.resize(picture.size), _FOG_SHARE)
        case "blur":
            return picture.filter(ImageFilter.GaussianBlur(_BLUR_PX))
        case "dark":
            return picture.point(_darker)
        case "bright":
            return picture.point(_brighter)
        case _:
            return picture


def _spread(level: int) -> int:
    """Four levels of posterize over the whole range."""
    return level * 255 // 192


def _darker(level: int) -> int:
    return round(level * _DARK)


def _brighter(level: int) -> int:
    return round(255 - (255 - level) * _BRIGHT)


def _luminance(picture: Image.Image) -> NDArray[np.float32]:
    """(H, W) in 0..1."""
    level: NDArray[np.float32] = np.asarray(picture.convert("L"), np.float32) / np.float32(255)
    return level


def _ramp(
    level_HW: NDArray[np.float32], dark: NDArray[np.float32], light: NDArray[np.float32]
) -> Image.Image:
    return Image.fromarray((dark + (light - dark) * level_HW[..., None]).astype(np.uint8))


def _edges(picture: Image.Image) -> NDArray[np.float32]:
    """(H, W) in 0..1: where brightness or colour changes within a few pixels."""
    sharp = np.asarray(picture, np.float32)
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(3)), np.float32)
    difference = np.abs(sharp - soft).max(axis=2) / 48
    edges: NDArray[np.float32] = np.clip(difference, 0, 1).astype(np.float32)
    return edges


def _watercolor(picture: Image.Image) -> Image.Image:
    """Patches of washed-out colour with soft rims."""
    small = picture.resize((picture.width // 4, picture.height // 4), Image.Resampling.BOX)
    patches = small.filter(ImageFilter.MedianFilter(3)).resize(picture.size, Image.Resampling.BICUBIC)
    return Image.blend(patches, Image.new("RGB", picture.size, (255, 252, 244)), 0.3)
