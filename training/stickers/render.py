"""Scenes to pictures and masks, drawn with the Noto Color Emoji font."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from training.errors import FontMissing
from training.stickers.scene import COLORS, GLYPHS, PICTURE_PX, Scene, Thing

FONT_PATHS = (
    Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"),
    Path("/usr/share/fonts/noto/NotoColorEmoji.ttf"),
    Path("/usr/share/fonts/google-noto-color-emoji-fonts/NotoColorEmoji.ttf"),
)
_FONT_SIZE = 109  # the only size of the font's bitmaps
_PIXEL_ART_BLOCK_PX = 8
_SEPIA_DARK = np.array([46, 30, 16], np.float32)
_SEPIA_LIGHT = np.array([250, 232, 200], np.float32)


def render(scene: Scene) -> Image.Image:
    """The scene's picture: RGB, 256 x 256."""
    picture = _backdrop(scene.background).copy()
    for thing in scene.things:
        sticker = _sticker(thing)
        picture.paste(sticker, (thing.x - sticker.width // 2, thing.y - sticker.height // 2), sticker)
    return apply_style(picture, scene.style)


def thing_mask(thing: Thing) -> NDArray[np.bool_]:
    """Where the thing covers the picture: (256, 256)."""
    canvas = Image.new("L", (PICTURE_PX, PICTURE_PX))
    alpha = _sticker(thing).getchannel("A")
    canvas.paste(alpha, (thing.x - alpha.width // 2, thing.y - alpha.height // 2))
    return np.asarray(canvas) > 64


def apply_style(picture: Image.Image, style: str | None) -> Image.Image:
    """The whole-image style: pixel art (8 px blocks) or sepia (luminance on a brown ramp)."""
    match style:
        case "pixel art":
            small = picture.resize(
                (picture.width // _PIXEL_ART_BLOCK_PX, picture.height // _PIXEL_ART_BLOCK_PX),
                Image.Resampling.BOX,
            )
            return small.resize(picture.size, Image.Resampling.NEAREST)
        case "sepia":
            luminance = np.asarray(picture.convert("L"), np.float32)[..., None] / 255
            return Image.fromarray((_SEPIA_DARK + (_SEPIA_LIGHT - _SEPIA_DARK) * luminance).astype(np.uint8))
        case _:
            return picture


def font_version() -> str:
    """Size and name of the font file, for manifests: glyphs change between releases."""
    path = _font_path()
    return f"{path.name} {path.stat().st_size} bytes"


def _font_path() -> Path:
    for path in FONT_PATHS:
        if path.exists():
            return path
    raise FontMissing(
        "The Noto Color Emoji font is not installed. Run: apt-get install fonts-noto-color-emoji"
    )


@lru_cache(maxsize=256)
def _glyph(kind: str, color: str | None) -> Image.Image:
    """The glyph cut to a square around its ink, recoloured: RGBA."""
    font = ImageFont.truetype(str(_font_path()), _FONT_SIZE)
    canvas = Image.new("RGBA", (160, 160))
    ImageDraw.Draw(canvas).text((12, 12), GLYPHS[kind], font=font, embedded_color=True)
    ink = canvas.crop(canvas.getbbox())
    side = max(ink.size)
    square = Image.new("RGBA", (side, side))
    square.paste(ink, ((side - ink.width) // 2, (side - ink.height) // 2))
    return square if color is None else _recolor(square, COLORS[color])


def _recolor(glyph: Image.Image, color: tuple[int, int, int]) -> Image.Image:
    """Map the glyph's luminance to a ramp from a dark through the colour to a light tint."""
    pixels = np.asarray(glyph, np.float32)
    alpha = pixels[..., 3]
    luminance = pixels[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    low, middle_luminance, high = np.percentile(luminance[alpha > 128], [5, 50, 95])
    reach = max(high - middle_luminance, middle_luminance - low, 70.0)
    level = np.clip(0.5 + 0.5 * (luminance - middle_luminance) / reach, 0, 1)[..., None]
    middle = np.array(color, np.float32)
    dark, light = middle * 0.45, middle + (255 - middle) * 0.55
    ramp = np.where(
        level < 0.5, dark + (middle - dark) * level * 2, middle + (light - middle) * (level * 2 - 1)
    )
    return Image.fromarray(np.concatenate([ramp, alpha[..., None]], axis=-1).astype(np.uint8), "RGBA")


@lru_cache(maxsize=8192)
def _scaled(kind: str, color: str | None, size: int) -> Image.Image:
    return _glyph(kind, color).resize((size, size), Image.Resampling.BICUBIC)


def _sticker(thing: Thing) -> Image.Image:
    sticker = _scaled(thing.kind, thing.color, thing.size)
    return sticker.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if thing.flip else sticker


@lru_cache(maxsize=16)
def _backdrop(name: str) -> Image.Image:
    match name:
        case "plain":
            return Image.new("RGB", (PICTURE_PX, PICTURE_PX), (244, 242, 236))
        case "sky":
            return _gradient((84, 164, 240), (214, 236, 252))
        case "grass":
            return _horizon((190, 226, 250), (110, 186, 84), 0.42)
        case "sand":
            return _horizon((150, 214, 240), (240, 214, 150), 0.42)
        case "night":
            return _starry(_gradient((12, 16, 52), (44, 44, 104)))
        case "room":
            return _horizon((236, 220, 200), (160, 112, 76), 0.7)
        case _:
            raise ValueError(f"Unknown background: {name}")


def _gradient(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Image.Image:
    share = np.linspace(0, 1, PICTURE_PX, dtype=np.float32)[:, None, None]
    rows = np.array(top, np.float32) * (1 - share) + np.array(bottom, np.float32) * share
    return Image.fromarray(np.broadcast_to(rows, (PICTURE_PX, PICTURE_PX, 3)).astype(np.uint8))


def _horizon(above: tuple[int, int, int], below: tuple[int, int, int], height: float) -> Image.Image:
    picture = Image.new("RGB", (PICTURE_PX, PICTURE_PX), above)
    picture.paste(below, (0, int(PICTURE_PX * height), PICTURE_PX, PICTURE_PX))
    return picture


def _starry(picture: Image.Image) -> Image.Image:
    """The same few stars in every night, so that they are scenery and not noise."""
    draw = ImageDraw.Draw(picture)
    rng = np.random.default_rng(7)
    for x, y in rng.integers(6, PICTURE_PX - 6, (14, 2)):
        draw.ellipse((int(x) - 2, int(y) - 2, int(x) + 2, int(y) + 2), fill=(250, 246, 210))
    return picture
