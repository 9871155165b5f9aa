"""Scenes as plain data: a background, a style and one to four things with class, colour, place and size.

Coordinates are picture pixels, the origin top left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.stickers.catalogue import SHAPES, SIGN, WHOLE, World

PICTURE_PX = 256
"""Side of the square shape, the one most pictures have."""
MAX_THINGS = 4
SIGN_SHARE = 0.08
"""Of scenes of several different things, one of which is then a sign."""
SQUARE_SHARE = 0.7

Look = tuple[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One sticker around its centre (x, y); `size` is its longer side, `color` None the glyph's own.

    `word` is what a sign says, None for everything else.
    """

    kind: str
    color: str | None
    x: int
    y: int
    size: int
    flip: bool = False
    word: str | None = None

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom."""
        half = self.size // 2
        left, top = self.x - half, self.y - half
        return (left, top, left + self.size, top + self.size)

    @property
    def look(self) -> Look:
        """What a caption can say of it alone."""
        return (self.kind if self.word is None else f'{self.kind} saying "{self.word}"', self.color)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A picture before it is drawn. `style` None is plain stickers, `effect` None clear daylight."""

    background: str
    style: str | None
    things: tuple[Thing, ...]
    shape: str = "square"
    effect: str | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return SHAPES[self.shape]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Centres as shares of width and height, and the range of sizes in pixels."""

    centres: tuple[tuple[float, float], ...]
    smallest: int
    largest: int


_CENTRE = Layout(centres=((0.5, 0.5),), smallest=97, largest=138)
_ROW_OF_TWO = Layout(centres=((0.27, 0.5), (0.73, 0.5)), smallest=72, largest=107)
_COLUMN_OF_TWO = Layout(centres=((0.5, 0.26), (0.5, 0.74)), smallest=72, largest=107)
_ROW_OF_THREE = Layout(centres=((0.18, 0.5), (0.5, 0.5), (0.82, 0.5)), smallest=61, largest=74)
_COLUMN_OF_THREE = Layout(centres=((0.5, 0.18), (0.5, 0.5), (0.5, 0.82)), smallest=61, largest=74)
_TRIANGLE = Layout(centres=((0.5, 0.26), (0.26, 0.74), (0.74, 0.74)), smallest=66, largest=97)
_CORNERS = ((0.26, 0.26), (0.74, 0.26), (0.26, 0.74), (0.74, 0.74))
_SQUARE = Layout(centres=_CORNERS, smallest=66, largest=97)
_SMALL_SQUARE = Layout(centres=_CORNERS, smallest=58, largest=76)
_SMALL_ROW = Layout(centres=_ROW_OF_TWO.centres, smallest=58, largest=74)
_SMALL_COLUMN = Layout(centres=_COLUMN_OF_TWO.centres, smallest=58, largest=74)

LAYOUTS: dict[str, dict[int, tuple[Layout, ...]]] = {
    "square": {
        1: (_CENTRE,),
        2: (_ROW_OF_TWO, _COLUMN_OF_TWO),
        3: (_ROW_OF_THREE, _TRIANGLE),
        4: (_SQUARE,),
    },
    "landscape": {
        1: (_CENTRE,),
        2: (_ROW_OF_TWO, _ROW_OF_TWO, _SMALL_COLUMN),
        3: (_ROW_OF_THREE,),
        4: (_SMALL_SQUARE,),
    },
    "portrait": {
        1: (_CENTRE,),
        2: (_COLUMN_OF_TWO, _COLUMN_OF_TWO, _SMALL_ROW),
        3: (_COLUMN_OF_THREE,),
        4: (_SMALL_SQUARE,),
    },
}


def sample_scene(
    rng: np.random.Generator,
    num_things: int | None = None,
    shape: str | None = None,
    world: World = WHOLE,
) -> Scene:
    """A scene whose things do not overlap; many scenes of several things repeat one look, for counting."""
    if num_things is None:
        num_things = int(rng.choice([1, 2, 3, 4], p=[0.3, 0.4, 0.15, 0.15]))
    shape = shape or _shape(rng, world)
    layouts = LAYOUTS[shape][num_things]
    layout = layouts[int(rng.integers(len(layouts)))]
    if num_things == 1 and rng.random() < 0.3:
        layout = _slot_of_a_pair(rng, shape)
    same = num_things > 1 and rng.random() < (0.25 if num_things == 2 else 0.6)
    has_sign = bool(world.signs) and not same and num_things > 1 and rng.random() < SIGN_SHARE
    looks = _repeated(rng, num_things, world) if same else _different(rng, num_things - has_sign, world)
    words = [None] * len(looks) + ([pick(rng, world.signs)] if has_sign else [])
    size = float(rng.uniform(layout.smallest, layout.largest))
    things = [
        _place(rng, look, word, layout, layout.centres[slot], size, shape)
        for look, word, slot in zip([*looks, (SIGN, None)], words, rng.permutation(num_things), strict=False)
    ]
    return Scene(
        background=_background(rng, world), style=_style(rng, world), things=tuple(things), shape=shape
    )


def is_held_out(kind: str, color: str | None) -> bool:
    """True for the one colour in eight of each class that training never shows; scored apart."""
    if color is None:
        return False
    digest = hashlib.sha256(f"{kind}/{color}".encode()).digest()
    return digest[0] % 8 == 0


def overlaps(box: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two boxes (left, top, right, bottom) share a pixel."""
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]


def sample_look(rng: np.random.Generator, world: World = WHOLE) -> Look:
    """A class and a colour that training may show together."""
    while True:
        kind = pick(rng, world.classes)
        color = None if rng.random() < 0.3 else pick(rng, world.colors)
        if not is_held_out(kind, color):
            return kind, color


def pick(rng: np.random.Generator, items: Sequence[str]) -> str:
    """One of them, all equally likely."""
    return items[int(rng.integers(len(items)))]


def _place(
    rng: np.random.Generator,
    look: Look,
    word: str | None,
    layout: Layout,
    centre: tuple[float, float],
    size: float,
    shape: str,
) -> Thing:
    kind, color = look
    width, height = SHAPES[shape]
    return Thing(
        kind=kind,
        color=color,
        x=round(width * centre[0] + rng.uniform(-8, 8)),
        y=round(height * centre[1] + rng.uniform(-8, 8)),
        size=int(np.clip(size * rng.uniform(0.92, 1.08), layout.smallest, layout.largest)),
        flip=word is None and bool(rng.random() < 0.5),
        word=word,
    )


def _shape(rng: np.random.Generator, world: World) -> str:
    others = [shape for shape in world.shapes if shape != "square"]
    return pick(rng, others) if others and rng.random() > SQUARE_SHARE else "square"


def _slot_of_a_pair(rng: np.random.Generator, shape: str) -> Layout:
    pairs = LAYOUTS[shape][2]
    layout = pairs[int(rng.integers(len(pairs)))]
    centre = layout.centres[int(rng.integers(2))]
    return Layout(centres=(centre,), smallest=layout.smallest, largest=layout.largest)


def _repeated(rng: np.random.Generator, count: int, world: World) -> list[Look]:
    return [sample_look(rng, world)] * count


def _different(rng: np.random.Generator, count: int, world: World) -> list[Look]:
    looks: list[Look] = []
    while len(looks) < count:
        look = sample_look(rng, world)
        if all(look[0] != kind for kind, _ in looks):
            looks.append(look)
    return looks


def _background(rng: np.random.Generator, world: World) -> str:
    return world.backgrounds[0] if rng.random() < 0.4 else pick(rng, world.backgrounds[1:])


def _style(rng: np.random.Generator, world: World) -> str | None:
    return None if rng.random() < 0.8 or not world.styles else pick(rng, world.styles)
