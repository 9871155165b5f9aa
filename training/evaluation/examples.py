"""Pictures that the detector learns from: scenes of its own, damaged ones, and what it must not recognise."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from training.stickers.catalogue import (
    COLORS,
    GLYPHS,
    SHAPES,
    SIGN,
    WHOLE,
    World,
    shows_colors,
    shows_words,
)
from training.stickers.render import draw_emoji, render
from training.stickers.scene import PICTURE_PX, Look, Scene, Thing, overlaps, pick
from training.stickers.styles import apply_effect, apply_style

_CANDIDATES = (
    "🚲🚜🚂🚀🛴🐘🐢🐙🦋🐌🐝🦀🐍🦒🦔🐫🍇🍉🍓🍒🍍🥕🌽🍄🍔🌭🍟🌮🍣🍩🍪🍭🧀🥚🍳🔑🔨🔧🔔🎈🎁🎸🥁🎺🎯🎲🧩⚽🏀🏈🎳🏆"
    "📷📱💻🔋💡🔦🧲🧹🧺🛒🚪🛏🛁🚽👟👖👕🧦👑💍💎🔥💧⚡🌈🌵🍁🌙⚓👻👽🤡💀👀👂👍✋🦷🧠🧲🎻🪁🛹🧸🎨"
)
FOREIGN_GLYPHS = tuple(glyph for glyph in dict.fromkeys(_CANDIDATES) if glyph not in GLYPHS.values())
"""Emoji that the world does not hold: the detector must call them unknown."""
_SIGN_SHARE = 0.06


@dataclass(frozen=True, kw_only=True)
class Example:
    """A picture and what the detector should say; where `strangers` stand it should say nothing.

    `has_words`: what signs say can be read.
    """

    picture: Image.Image
    things: tuple[Thing, ...]
    strangers: tuple[Thing, ...]
    background: str
    style: str | None
    shape: str = "square"
    effect: str | None = None
    has_words: bool = True

    @property
    def has_colors(self) -> bool:
        """Some styles leave no colour to see."""
        return shows_colors(self.style)


def sample_example(
    rng: np.random.Generator,
    *,
    share_of_strangers: float = 0.25,
    is_clean: bool = False,
    world: World = WHOLE,
) -> Example:
    """Up to five things anywhere, some of them strangers; most pictures damaged in some way."""
    scene = sample_layout(rng, world)
    is_stranger = [bool(rng.random() < share_of_strangers) for _ in scene.things]
    things = tuple(t for t, stranger in zip(scene.things, is_stranger, strict=True) if not stranger)
    strangers = tuple(t for t, stranger in zip(scene.things, is_stranger, strict=True) if stranger)
    plain = replace(scene, style=None, effect=None)
    picture = render(replace(plain, things=things))
    for stranger in strangers:
        picture = draw_stranger(picture, stranger, plain, world, rng)
    worn = [thing for thing in things if not is_clean and rng.random() < 0.15]
    for thing in worn:
        picture = wear(picture, thing, plain, rng)
    picture = apply_style(apply_effect(picture, scene.effect), scene.style)
    is_readable = shows_words(scene.style) and scene.effect != "blur" and not worn
    return Example(
        picture=picture if is_clean else damage(picture, rng),
        things=things,
        strangers=strangers,
        background=scene.background,
        style=scene.style,
        shape=scene.shape,
        effect=scene.effect,
        has_words=is_readable,
    )


def sample_layout(rng: np.random.Generator, world: World = WHOLE) -> Scene:
    """Any classes, any colours (those held out from the engines too), any free places."""
    things: list[Thing] = []
    others = [shape for shape in world.shapes if shape != "square"]
    shape = "square" if rng.random() < 0.75 or not others else pick(rng, others)
    width, height = SHAPES[shape]
    count = int(rng.choice(6, p=[0.04, 0.26, 0.3, 0.18, 0.2, 0.02]))
    largest = {0: 0.6, 1: 0.6, 2: 0.46}.get(count, 0.4)
    base = float(rng.uniform(0.23, largest))
    look = sample_look(rng, world)
    is_repeated = rng.random() < 0.35
    for _ in range(40):
        if len(things) == count:
            break
        size = int(PICTURE_PX * np.clip(base * rng.uniform(0.85, 1.15), 0.22, 0.6))
        x, y = (int(rng.integers(size // 2 - 6, side - size // 2 + 6)) for side in (width, height))
        thing = sample_thing(rng, look if is_repeated else sample_look(rng, world), x, y, size, world)
        if not any(overlaps(inner_box(thing), inner_box(other)) for other in things):
            things.append(thing)
    style = None if rng.random() < 0.6 or not world.styles else pick(rng, world.styles)
    is_clear = style is not None or not world.effects or rng.random() < 0.85
    return Scene(
        background=pick(rng, world.backgrounds),
        style=style,
        things=tuple(things),
        shape=shape,
        effect=None if is_clear else pick(rng, world.effects),
    )


def sample_thing(rng: np.random.Generator, look: Look, x: int, y: int, size: int, world: World) -> Thing:
    """A thing of this look, now and then a sign in its place."""
    if world.signs and rng.random() < _SIGN_SHARE:
        return Thing(kind=SIGN, color=None, x=x, y=y, size=size, word=pick(rng, world.signs))
    kind, color = look
    return Thing(kind=kind, color=color, x=x, y=y, size=size, flip=bool(rng.random() < 0.5))


def inner_box(thing: Thing) -> tuple[int, int, int, int]:
    """Somewhat smaller than the thing: neighbours may touch."""
    half = round(0.46 * thing.size)
    return thing.x - half, thing.y - half, thing.x + half, thing.y + half


def sample_look(rng: np.random.Generator, world: World) -> Look:
    """Any class in any colour, those held out from the engines too."""
    color = None if rng.random() < 0.2 else pick(rng, world.colors)
    return pick(rng, world.classes), color


def draw_stranger(
    picture: Image.Image, place: Thing, scene: Scene, world: World, rng: np.random.Generator
) -> Image.Image:
    """Put something at `place` that is none of the classes: a foreign emoji, a chimera, mush."""
    match int(rng.integers(5)):
        case 0 | 1:
            return draw_foreign_glyph(picture, place, rng)
        case 2:
            return draw_chimera(picture, place, scene, world, rng)
        case 3:
            return shuffle_patches(
                paste_box(picture, render(replace(scene, things=(place,))), place), place, rng
            )
        case _:
            return smear(paste_box(picture, render(replace(scene, things=(place,))), place), place, rng)


def box_of(thing: Thing, picture: Image.Image) -> tuple[int, int, int, int]:
    """The thing's box inside the picture."""
    left, top, right, bottom = thing.box
    return max(0, left), max(0, top), min(picture.width, right), min(picture.height, bottom)


def paste_box(picture: Image.Image, other: Image.Image, thing: Thing) -> Image.Image:
    """The picture with the other's pixels inside the thing's box."""
    result = picture.copy()
    box = box_of(thing, picture)
    result.paste(other.crop(box), box[:2])
    return result


@lru_cache(maxsize=128)
def foreign_glyph(glyph: str) -> Image.Image:
    canvas = draw_emoji(glyph)
    box = canvas.getbbox()
    return canvas if box is None else canvas.crop(box)


def draw_foreign_glyph(picture: Image.Image, place: Thing, rng: np.random.Generator) -> Image.Image:
    glyph = foreign_glyph(FOREIGN_GLYPHS[int(rng.integers(len(FOREIGN_GLYPHS)))]).resize(
        (place.size, place.size)
    )
    if place.color is not None:
        tint = Image.new("RGB", glyph.size, COLORS[place.color])
        tinted = Image.blend(glyph.convert("L").convert("RGB"), tint, 0.6)
        tinted.putalpha(glyph.getchannel("A"))
        glyph = tinted
    result = picture.copy()
    result.paste(glyph, (place.x - place.size // 2, place.y - place.size // 2), glyph)
    return result


def draw_chimera(
    picture: Image.Image, place: Thing, scene: Scene, world: World, rng: np.random.Generator
) -> Image.Image:
    """Half one thing, half another; or two things shining through each other."""
    others = [kind for kind in world.classes if kind != place.kind]
    other = replace(
        place, kind=others[int(rng.integers(len(others)))], color=sample_look(rng, world)[1], word=None
    )
    first, second = (render(replace(scene, things=(thing,))) for thing in (place, other))
    if rng.random() < 0.5:
        return paste_box(picture, Image.blend(first, second, float(rng.uniform(0.4, 0.6))), place)
    left, top, right, bottom = box_of(place, picture)
    result = paste_box(picture, first, place)
    half = (
        (left, top, (left + right) // 2, bottom)
        if rng.random() < 0.5
        else (left, top, right, (top + bottom) // 2)
    )
    result.paste(second.crop(half), half[:2])
    return result


def shuffle_patches(picture: Image.Image, place: Thing, rng: np.random.Generator) -> Image.Image:
    """The thing cut into 3 x 3 or 4 x 4 patches that change places."""
    left, top, right, bottom = box_of(place, picture)
    cuts = int(rng.integers(3, 5))
    width, height = (right - left) // cuts, (bottom - top) // cuts
    corners = [(left + column * width, top + row * height) for row in range(cuts) for column in range(cuts)]
    patches = [picture.crop((x, y, x + width, y + height)) for x, y in corners]
    result = picture.copy()
    for corner, index in zip(corners, rng.permutation(len(corners)), strict=True):
        result.paste(patches[int(index)], corner)
    return result


def smear(picture: Image.Image, place: Thing, rng: np.random.Generator) -> Image.Image:
    """The thing blurred until nothing but a coloured cloud is left."""
    radius = place.size * float(rng.uniform(0.15, 0.28))
    return paste_box(picture, picture.filter(ImageFilter.GaussianBlur(radius)), place)


def wear(picture: Image.Image, thing: Thing, scene: Scene, rng: np.random.Generator) -> Image.Image:
    """A corner of the thing gone, or the whole somewhat faint: it must still be recognised."""
    empty = render(replace(scene, things=()))
    if rng.random() < 0.5:
        faint = Image.blend(picture, empty, float(rng.uniform(0.1, 0.35)))
        return paste_box(picture, faint, thing)
    left, top, right, bottom = box_of(thing, picture)
    cut = int(thing.size * rng.uniform(0.1, 0.28))
    bites = (
        (left, top, left + cut, bottom),
        (right - cut, top, right, bottom),
        (left, bottom - cut, right, bottom),
    )
    bite = bites[int(rng.integers(len(bites)))]
    result = picture.copy()
    result.paste(empty.crop(bite), bite[:2])
    return result


def damage(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """What an engine's decoder may do: softening, noise, a cast, compression; each now and then."""
    if rng.random() < 0.35:
        px = int(rng.integers(84, 200))
        small = picture.resize((px, px), Image.Resampling.BOX)
        picture = small.resize(picture.size, Image.Resampling.BICUBIC)
    if rng.random() < 0.25:
        picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.5, 2.2))))
    if rng.random() < 0.15:
        picture = picture.filter(
            ImageFilter.UnsharpMask(radius=3, percent=int(rng.integers(50, 160)), threshold=0)
        )
    if rng.random() < 0.25:
        picture = ImageEnhance.Contrast(picture).enhance(float(rng.uniform(0.75, 1.2)))
    if rng.random() < 0.3:
        picture = Image.fromarray(shift_and_noise(np.asarray(picture, np.float32), rng))
    if rng.random() < 0.15:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=int(rng.integers(20, 80)))
        picture = Image.open(buffer).convert("RGB")
    return picture


def shift_and_noise(pixels: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A colour cast, blotches 16 px wide, and grain: (H, W, 3)."""
    height, width, _ = pixels.shape
    cast, blotch, grain = rng.uniform(-12, 12, 3), rng.uniform(0, 9), rng.uniform(0, 10)
    coarse = rng.normal(cast, blotch, (height // 16, width // 16, 3)).astype(np.float32)
    noisy = rng.standard_normal(pixels.shape, np.float32)
    noisy *= np.float32(grain)
    noisy += coarse.repeat(16, 0).repeat(16, 1)
    noisy += pixels
    return np.clip(noisy, 0, 255, out=noisy).astype(np.uint8)
