"""Pictures of the small world that the eyes learn from, and where their things stand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.stickers.catalogue import CLASSES, SIGN, World, shows_colors
from training.stickers.render import render, thing_mask
from training.stickers.scene import PICTURE_PX, Scene, Thing, overlaps, pick, sample_scene
from training.stickers.styles import apply_style

__all__ = ["Labelled", "ViewTruth", "natural_colors", "sample_view"]

_COUNTS = np.array([0.03, 0.24, 0.27, 0.19, 0.17, 0.06, 0.04])
"""How many things a picture has, from none to six."""
_STRANGER_SHARE = 0.12
_ALIKE = 24.0
"""Mean difference of two glyphs, of 255, below which their colours are the same to an eye."""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A thing's class (None: a stranger), its colour (None: its own) and the box of its ink."""

    kind: str | None
    color: str | None
    has_color: bool
    box: tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class ViewTruth:
    """A picture and all that is to be seen in it."""

    picture: Image.Image
    things: tuple[Labelled, ...]
    background: str
    style: str | None


def natural_colors(world: World) -> dict[str, str]:
    """Classes whose own colours cannot be told from one of the palette: heart, red."""
    found: dict[str, str] = {}
    for kind in world.classes:
        own = _glyph(kind, None)
        distances = {color: float(np.abs(own - _glyph(kind, color)).mean()) for color in world.colors}
        nearest = min(distances, key=lambda color: distances[color], default=None)
        if nearest is not None and distances[nearest] < _ALIKE:
            found[kind] = nearest
    return found


def _glyph(kind: str, color: str | None) -> NDArray[np.float32]:
    """The inked pixels of the thing on a plain ground: (N, 3)."""
    thing = Thing(kind=kind, color=color, x=PICTURE_PX // 2, y=PICTURE_PX // 2, size=128)
    picture = render(Scene(background="plain", style=None, things=(thing,)))
    return np.asarray(picture, np.float32)[thing_mask(thing)]


def sample_view(
    rng: np.random.Generator, world: World, alike: dict[str, str], shape: str = "square"
) -> ViewTruth:
    """Up to six things of any look, some of them strangers, in any light that the world has."""
    scene = _scene(rng, world, shape)
    things = [thing for thing in scene.things if rng.random() > _STRANGER_SHARE]
    strangers = [thing for thing in scene.things if thing not in things]
    plain = replace(scene, style=None)
    picture = render(replace(plain, things=tuple(things)))
    for stranger in strangers:
        drawn = _stranger(rng, stranger, plain, world)
        left, top, right, bottom = stranger.box
        box = (max(0, left), max(0, top), min(scene.size[0], right), min(scene.size[1], bottom))
        picture.paste(drawn.crop(box), box[:2], _cover(drawn, plain).crop(box))
    labels = [
        Labelled(
            kind=thing.kind,
            color=thing.color or alike.get(thing.kind),
            has_color=shows_colors(scene.style),
            box=ink_box(thing, scene.size),
        )
        for thing in things
    ]
    labels += [
        Labelled(kind=None, color=None, has_color=False, box=ink_box(each, scene.size)) for each in strangers
    ]
    return ViewTruth(
        picture=apply_style(picture, scene.style),
        things=tuple(labels),
        background=scene.background,
        style=scene.style,
    )


def ink_box(thing: Thing, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box around what the thing covers of the picture."""
    rows, columns = (np.flatnonzero(thing_mask(thing, size).any(axis)) for axis in (1, 0))
    if not len(rows):
        return thing.box
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _alone(scene: Scene, thing: Thing) -> Image.Image:
    return render(replace(scene, style=None, things=(thing,)))


def _cover(drawn: Image.Image, scene: Scene) -> Image.Image:
    """Where a drawing differs from the empty scene."""
    empty = np.asarray(render(replace(scene, style=None, things=())), np.int16)
    differs = np.abs(np.asarray(drawn, np.int16) - empty).max(axis=2) > 2
    return Image.fromarray(differs.astype(np.uint8) * 255)


def _stranger(rng: np.random.Generator, thing: Thing, scene: Scene, world: World) -> Image.Image:
    """A class that the world lacks, two classes in one, or a thing washed out."""
    foreign = [kind for kind in (*CLASSES, SIGN) if kind not in world.kinds and kind != SIGN]
    choice = rng.random()
    if foreign and choice < 0.6:
        return _alone(scene, replace(thing, kind=pick(rng, foreign)))
    first = _alone(scene, thing)
    if choice < 0.85:
        other = pick(rng, [kind for kind in world.classes if kind != thing.kind])
        second = _alone(scene, replace(thing, kind=other, color=pick(rng, world.colors)))
        return Image.blend(first, second, float(rng.uniform(0.4, 0.6)))
    patch = first.crop(thing.box)
    few = max(2, int(rng.integers(3, 6)))
    mush = patch.resize((few, few), Image.Resampling.BOX).resize(patch.size, Image.Resampling.BICUBIC)
    result = render(replace(scene, style=None, things=()))
    result.paste(mush, thing.box[:2])
    return result


def _scene(rng: np.random.Generator, world: World, shape: str) -> Scene:
    """The world's own arrangements with any look in any place, or things strewn about."""
    count = int(rng.choice(len(_COUNTS), p=_COUNTS))
    if 1 <= count <= 4 and rng.random() < 0.5:
        base = sample_scene(rng, count, shape, world)
        things = base.things
    else:
        base = replace(sample_scene(rng, 1, shape, world), things=())
        things = _strewn(rng, count, base.size)
    looks = _looks(rng, len(things), world)
    return replace(
        base,
        background=pick(rng, world.backgrounds),
        style=pick(rng, world.styles) if world.styles and rng.random() < 0.25 else None,
        things=tuple(
            replace(
                thing,
                kind=kind,
                color=color,
                word=None,
                flip=bool(rng.random() < 0.5),
                x=thing.x + int(rng.integers(-10, 11)),
                y=thing.y + int(rng.integers(-10, 11)),
                size=int(thing.size * rng.uniform(0.85, 1.1)),
            )
            for thing, (kind, color) in zip(things, looks, strict=True)
        ),
    )


def _strewn(rng: np.random.Generator, count: int, size: tuple[int, int]) -> tuple[Thing, ...]:
    """Things in free places; fewer where there is no room."""
    width, height = size
    largest = {0: 140, 1: 150, 2: 112, 3: 92, 4: 84}.get(count, 70)
    side = int(rng.integers(46, largest))
    things: list[Thing] = []
    for _ in range(60):
        if len(things) == count:
            break
        own = int(side * rng.uniform(0.85, 1.15))
        x, y = (int(rng.integers(own // 2 - 8, edge - own // 2 + 8)) for edge in (width, height))
        thing = Thing(kind=CLASSES[0], color=None, x=x, y=y, size=own)
        if not any(overlaps(thing.box, other.box) for other in things):
            things.append(thing)
    return tuple(things)


def _looks(rng: np.random.Generator, count: int, world: World) -> list[tuple[str, str | None]]:
    """Often all of one class, in one colour or in several."""

    def color() -> str | None:
        return None if rng.random() < 0.35 or not world.colors else pick(rng, world.colors)

    choice = rng.random()
    if count > 1 and choice < 0.25:
        look = (pick(rng, world.classes), color())
        return [look] * count
    if count > 1 and choice < 0.4:
        kind = pick(rng, world.classes)
        return [(kind, color()) for _ in range(count)]
    return [(pick(rng, world.classes), color()) for _ in range(count)]
