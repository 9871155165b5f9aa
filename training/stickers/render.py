"""Scenes to pictures and masks, drawn with the Noto Color Emoji font; words on signs with DejaVu Sans."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from training.errors import FontMissing
from training.stickers.catalogue import COLORS, GLYPHS, SIGN
from training.stickers.drawings import draw_class
from training.stickers.scene import PICTURE_PX, Scene, Thing
from training.stickers.styles import apply_effect, apply_style

FONT_PATHS = (
    Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"),
    Path("/usr/share/fonts/noto/NotoColorEmoji.ttf"),
    Path("/usr/share/fonts/google-noto-color-emoji-fonts/NotoColorEmoji.ttf"),
)
WORD_FONT_PATHS = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"),
    Path("/usr/share/fonts/dejavu/DejaVuSans-Bold.ttf"),
    Path("/usr/share/fonts/dejavu-sans-fonts/DejaVuSans-Bold.ttf"),
)
_FONT_SIZE = 109  # the only size of the font's bitmaps
_RAMPS = {
    "black": ((4, 4, 8), (40, 40, 46), (112, 112, 122)),
    "white": ((164, 168, 178), (238, 238, 242), (255, 255, 255)),
}
"""Dark, middle and light where shade and tint of the colour itself would not look like it."""
_SIGN_SIDE = 240
_SIGN_TOP, _SIGN_BOTTOM = 62, 178
_BOARD, _FRAME, _INK = (250, 244, 214), (120, 84, 44), (30, 30, 36)


def render(scene: Scene) -> Image.Image:
    """The scene's picture: RGB, of the scene's size."""
    picture = _backdrop(scene.background, *scene.size).copy()
    for thing in scene.things:
        sticker = _sticker(thing)
        picture.paste(sticker, (thing.x - sticker.width // 2, thing.y - sticker.height // 2), sticker)
    return apply_style(apply_effect(picture, scene.effect), scene.style)


def thing_mask(thing: Thing, size: tuple[int, int] = (PICTURE_PX, PICTURE_PX)) -> NDArray[np.bool_]:
    """Where the thing covers a picture of this width and height: (H, W)."""
    canvas = Image.new("L", size)
    alpha = _sticker(thing).getchannel("A")
    canvas.paste(alpha, (thing.x - alpha.width // 2, thing.y - alpha.height // 2))
    return np.asarray(canvas) > 64


def font_version() -> str:
    """Size and name of the font file, for manifests: glyphs change between releases."""
    path = _font_path()
    return f"{path.name} {path.stat().st_size} bytes"


def _font_path(paths: Sequence[Path] = FONT_PATHS) -> Path:
    for path in paths:
        if path.exists():
            return path
    name, package = (
        ("Noto Color Emoji", "fonts-noto-color-emoji")
        if paths == FONT_PATHS
        else ("DejaVu Sans Bold", "fonts-dejavu-core")
    )
    raise FontMissing(f"The {name} font is not installed. Run: apt-get install {package}")


@lru_cache(maxsize=1024)
def _glyph(kind: str, color: str | None) -> Image.Image:
    """The class cut to a square around its ink, recoloured: RGBA."""
    canvas = draw_emoji(GLYPHS[kind]) if kind in GLYPHS else draw_class(kind)
    ink = canvas.crop(canvas.getbbox())
    side = max(ink.size)
    square = Image.new("RGBA", (side, side))
    square.paste(ink, ((side - ink.width) // 2, (side - ink.height) // 2))
    return square if color is None else _recolor(square, color)


def draw_emoji(glyph: str) -> Image.Image:
    """A glyph of the emoji font on a transparent canvas: RGBA, 160 x 160. Raises FontMissing."""
    font = ImageFont.truetype(str(_font_path()), _FONT_SIZE)
    canvas = Image.new("RGBA", (160, 160))
    ImageDraw.Draw(canvas).text((12, 12), glyph, font=font, embedded_color=True)
    return canvas


@lru_cache(maxsize=64)
def _sign(word: str) -> Image.Image:
    """A wooden board with a word that fills it: RGBA, square."""
    canvas = Image.new("RGBA", (_SIGN_SIDE, _SIGN_SIDE))
    draw = ImageDraw.Draw(canvas)
    draw.rounded_rectangle([2, _SIGN_TOP, _SIGN_SIDE - 3, _SIGN_BOTTOM], 14, fill=_FRAME)
    draw.rounded_rectangle([12, _SIGN_TOP + 10, _SIGN_SIDE - 13, _SIGN_BOTTOM - 10], 8, fill=_BOARD)
    path = str(_font_path(WORD_FONT_PATHS))
    size = min(84, int(84 * (_SIGN_SIDE - 44) / ImageFont.truetype(path, 84).getlength(word)))
    middle = (_SIGN_SIDE / 2, (_SIGN_TOP + _SIGN_BOTTOM) / 2)
    draw.text(middle, word, font=ImageFont.truetype(path, size), fill=_INK, anchor="mm")
    return canvas


def _recolor(glyph: Image.Image, color: str) -> Image.Image:
    """Map the glyph's luminance to a ramp from a dark through the colour to a light tint."""
    pixels = np.asarray(glyph, np.float32)
    alpha = pixels[..., 3]
    luminance = pixels[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    low, middle_luminance, high = np.percentile(luminance[alpha > 128], [5, 50, 95])
    reach = max(high - middle_luminance, middle_luminance - low, 70.0)
    level = np.clip(0.5 + 0.5 * (luminance - middle_luminance) / reach, 0, 1)[..., None]
    dark, middle, light = _ramp(color)
    ramp = np.where(
        level < 0.5, dark + (middle - dark) * level * 2, middle + (light - middle) * (level * 2 - 1)
    )
    return Image.fromarray(np.concatenate([ramp, alpha[..., None]], axis=-1).astype(np.uint8), "RGBA")


def _ramp(color: str) -> NDArray[np.float32]:
    if color in _RAMPS:
        return np.array(_RAMPS[color], np.float32)
    middle = np.array(COLORS[color], np.float32)
    return np.stack([middle * 0.45, middle, middle + (255 - middle) * 0.55])


@lru_cache(maxsize=8192)
def _scaled(kind: str, color: str | None, size: int) -> Image.Image:
    return _glyph(kind, color).resize((size, size), Image.Resampling.BICUBIC)


def _sticker(thing: Thing) -> Image.Image:
    if thing.kind == SIGN:
        return _sign(thing.word or "").resize((thing.size, thing.size), Image.Resampling.BICUBIC)
    sticker = _scaled(thing.kind, thing.color, thing.size)
    return sticker.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if thing.flip else sticker


@lru_cache(maxsize=32)
def _backdrop(name: str, width: int, height: int) -> Image.Image:
    size = (width, height)
    match name:
        case "plain":
            return Image.new("RGB", size, (244, 242, 236))
        case "sky":
            return _gradient(size, (84, 164, 240), (214, 236, 252))
        case "grass":
            return _horizon(size, (190, 226, 250), (110, 186, 84), 0.42)
        case "sand":
            return _horizon(size, (150, 214, 240), (240, 214, 150), 0.42)
        case "night":
            return _starry(_gradient(size, (12, 16, 52), (44, 44, 104)))
        case "room":
            return _horizon(size, (236, 220, 200), (160, 112, 76), 0.7)
        case "sea":
            return _horizon(size, (200, 232, 250), (30, 110, 160), 0.3)
        case "snow":
            return _horizon(size, (168, 186, 206), (246, 250, 255), 0.42)
        case _:
            raise ValueError(f"Unknown background: {name}")


def _gradient(size: tuple[int, int], top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Image.Image:
    share = np.linspace(0, 1, size[1], dtype=np.float32)[:, None, None]
    rows = np.array(top, np.float32) * (1 - share) + np.array(bottom, np.float32) * share
    return Image.fromarray(np.broadcast_to(rows, (size[1], size[0], 3)).astype(np.uint8))


def _horizon(
    size: tuple[int, int], above: tuple[int, int, int], below: tuple[int, int, int], height: float
) -> Image.Image:
    picture = Image.new("RGB", size, above)
    picture.paste(below, (0, int(size[1] * height), *size))
    return picture


def _starry(picture: Image.Image) -> Image.Image:
    """The same few stars in every night, so that they are scenery and not noise."""
    draw = ImageDraw.Draw(picture)
    rng = np.random.default_rng(7)
    for x, y in rng.integers(6, PICTURE_PX - 6, (14, 2)):
        across, down = int(x) * picture.width // PICTURE_PX, int(y) * picture.height // PICTURE_PX
        draw.ellipse((across - 2, down - 2, across + 2, down + 2), fill=(250, 246, 210))
    return picture
