"""Scenes as plain data: a background, a style and one to four things with class, colour, place and size.

Coordinates are pixels of a 256 x 256 picture, the origin top left.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

PICTURE_PX = 256
MAX_THINGS = 4

# class -> codepoint of the Noto Color Emoji glyph
GLYPHS: dict[str, str] = {
    "car": "\U0001f697",
    "bus": "\U0001f68c",
    "airplane": "✈",
    "boat": "⛵",
    "dog": "\U0001f436",
    "cat": "\U0001f431",
    "bird": "\U0001f426",
    "fish": "\U0001f41f",
    "apple": "\U0001f34e",
    "banana": "\U0001f34c",
    "pizza": "\U0001f355",
    "cake": "\U0001f382",
    "umbrella": "☂",
    "cup": "☕",
    "book": "\U0001f4d6",
    "clock": "⏰",
    "chair": "\U0001fa91",
    "tree": "\U0001f333",
    "flower": "\U0001f33b",
    "house": "\U0001f3e0",
    "star": "⭐",
    "heart": "❤",
    "robot": "\U0001f916",
    "hat": "\U0001f3a9",
}
CLASSES = tuple(GLYPHS)

COLORS: dict[str, tuple[int, int, int]] = {
    "red": (222, 36, 36),
    "orange": (250, 140, 20),
    "yellow": (250, 214, 30),
    "green": (40, 168, 60),
    "blue": (40, 96, 230),
    "purple": (142, 58, 200),
    "pink": (250, 128, 180),
}
BACKGROUNDS = ("plain", "sky", "grass", "sand", "night", "room")
STYLES = ("pixel art", "sepia")


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One sticker around its centre (x, y); `size` is its longer side, `color` None the glyph's own."""

    kind: str
    color: str | None
    x: int
    y: int
    size: int
    flip: bool = False

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom."""
        half = self.size // 2
        left, top = self.x - half, self.y - half
        return (left, top, left + self.size, top + self.size)

    @property
    def look(self) -> tuple[str, str | None]:
        """What a caption can say of it alone."""
        return (self.kind, self.color)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A picture before it is drawn. `style` None is plain stickers."""

    background: str
    style: str | None
    things: tuple[Thing, ...]


# Layouts: centres and a range of sizes, as shares of the picture.
_CENTRE = (((0.5, 0.5),), (0.38, 0.54))
_ROW_OF_TWO = (((0.27, 0.5), (0.73, 0.5)), (0.28, 0.42))
_COLUMN_OF_TWO = (((0.5, 0.26), (0.5, 0.74)), (0.28, 0.42))
_ROW_OF_THREE = (((0.18, 0.5), (0.5, 0.5), (0.82, 0.5)), (0.24, 0.29))
_TRIANGLE = (((0.5, 0.26), (0.26, 0.74), (0.74, 0.74)), (0.26, 0.38))
_SQUARE = (((0.26, 0.26), (0.74, 0.26), (0.26, 0.74), (0.74, 0.74)), (0.26, 0.38))

_LAYOUTS = {1: (_CENTRE,), 2: (_ROW_OF_TWO, _COLUMN_OF_TWO), 3: (_ROW_OF_THREE, _TRIANGLE), 4: (_SQUARE,)}


def sample_scene(rng: np.random.Generator, num_things: int | None = None) -> Scene:
    """A scene whose things do not overlap; many scenes of several things repeat one look, for counting."""
    if num_things is None:
        num_things = int(rng.choice([1, 2, 3, 4], p=[0.3, 0.4, 0.15, 0.15]))
    layouts = _LAYOUTS[num_things]
    centres, (smallest, largest) = layouts[int(rng.integers(len(layouts)))]
    is_off_centre = num_things == 1 and rng.random() < 0.3
    if is_off_centre:
        centres, (smallest, largest) = _slot_of_a_pair(rng)
    same = num_things > 1 and rng.random() < (0.25 if num_things == 2 else 0.6)
    looks = _repeated(rng, num_things) if same else _different(rng, num_things)
    order = rng.permutation(num_things)
    size = float(rng.uniform(smallest, largest))
    things = []
    for (kind, color), slot in zip(looks, order, strict=True):
        x, y = centres[slot]
        things.append(
            Thing(
                kind=kind,
                color=color,
                x=_jitter(rng, x),
                y=_jitter(rng, y),
                size=int(PICTURE_PX * np.clip(size * rng.uniform(0.92, 1.08), smallest, largest)),
                flip=bool(rng.random() < 0.5),
            )
        )
    return Scene(background=_background(rng), style=_style(rng), things=tuple(things))


def is_held_out(kind: str, color: str | None) -> bool:
    """True for the one colour in eight of each class that training never shows; scored apart."""
    if color is None:
        return False
    digest = hashlib.sha256(f"{kind}/{color}".encode()).digest()
    return digest[0] % 8 == 0


def _slot_of_a_pair(rng: np.random.Generator) -> tuple[tuple[tuple[float, float], ...], tuple[float, float]]:
    centres, sizes = (_ROW_OF_TWO, _COLUMN_OF_TWO)[int(rng.integers(2))]
    return ((centres[int(rng.integers(2))],), sizes)


def _jitter(rng: np.random.Generator, share: float) -> int:
    return round(PICTURE_PX * share + rng.uniform(-8, 8))


def _look(rng: np.random.Generator) -> tuple[str, str | None]:
    while True:
        kind = CLASSES[int(rng.integers(len(CLASSES)))]
        color = None if rng.random() < 0.3 else tuple(COLORS)[int(rng.integers(len(COLORS)))]
        if not is_held_out(kind, color):
            return kind, color


def _repeated(rng: np.random.Generator, count: int) -> list[tuple[str, str | None]]:
    return [_look(rng)] * count


def _different(rng: np.random.Generator, count: int) -> list[tuple[str, str | None]]:
    looks: list[tuple[str, str | None]] = []
    while len(looks) < count:
        look = _look(rng)
        if all(look[0] != kind for kind, _ in looks):
            looks.append(look)
    return looks


def _background(rng: np.random.Generator) -> str:
    return "plain" if rng.random() < 0.4 else BACKGROUNDS[int(rng.integers(1, len(BACKGROUNDS)))]


def _style(rng: np.random.Generator) -> str | None:
    return None if rng.random() < 0.8 else STYLES[int(rng.integers(len(STYLES)))]
