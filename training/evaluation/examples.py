"""Pictures that the detector learns from: scenes of its own, damaged ones, and what it must not recognise."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from training.stickers.render import FONT_PATHS, apply_style, render
from training.stickers.scene import BACKGROUNDS, CLASSES, COLORS, PICTURE_PX, STYLES, Scene, Thing

# Emoji that the world does not hold: the detector must call them unknown.
FOREIGN_GLYPHS = (
    "🚲🚜🚂🚀🛴🐘🐢🐙🦋🐌🐝🦀🐍🦒🦔🐫🍇🍉🍓🍒🍍🥕🌽🍄🍔🌭🍟🌮🍣🍩🍪🍭🧀🥚🍳🔑🔨🔧🔔🎈🎁🎸🥁🎺🎯🎲🧩⚽🏀🏈🎳🏆"
    "📷📱💻🔋💡🔦🧲🧹🧺🛒🚪🛏🛁🚽👟👖👕🧦👑💍💎🔥💧⚡🌈🌵🍁🌙⚓👻👽🤡💀👀👂👍✋🦷🧠🧲🎻🪁🛹🧸🎨"
)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A picture and what the detector should say; where `strangers` stand it should say nothing."""

    picture: Image.Image
    things: tuple[Thing, ...]
    strangers: tuple[Thing, ...]
    background: str
    style: str | None

    @property
    def has_colors(self) -> bool:
        """Sepia leaves no colour to see."""
        return self.style != "sepia"


def sample_example(
    rng: np.random.Generator, *, share_of_strangers: float = 0.25, is_clean: bool = False
) -> Example:
    """Up to five things anywhere, some of them strangers; most pictures damaged in some way."""
    scene = sample_layout(rng)
    is_stranger = [bool(rng.random() < share_of_strangers) for _ in scene.things]
    things = tuple(t for t, stranger in zip(scene.things, is_stranger, strict=True) if not stranger)
    strangers = tuple(t for t, stranger in zip(scene.things, is_stranger, strict=True) if stranger)
    picture = render(replace(scene, things=things))
    for stranger in strangers:
        picture = draw_stranger(picture, stranger, scene, rng)
    if not is_clean:
        for thing in things:
            if rng.random() < 0.15:
                picture = wear(picture, thing, scene, rng)
        picture = damage(picture, rng)
    return Example(
        picture=picture, things=things, strangers=strangers, background=scene.background, style=scene.style
    )


def sample_layout(rng: np.random.Generator) -> Scene:
    """Any classes, any colours (those held out from the engines too), any free places."""
    things: list[Thing] = []
    count = int(rng.choice(6, p=[0.04, 0.26, 0.3, 0.18, 0.2, 0.02]))
    largest = {0: 0.6, 1: 0.6, 2: 0.46}.get(count, 0.4)
    base = float(rng.uniform(0.23, largest))
    look = sample_look(rng)
    is_repeated = rng.random() < 0.35
    for _ in range(40):
        if len(things) == count:
            break
        size = int(PICTURE_PX * np.clip(base * rng.uniform(0.85, 1.15), 0.22, 0.6))
        x, y = (int(rng.integers(size // 2 - 6, PICTURE_PX - size // 2 + 6)) for _ in range(2))
        kind, color = look if is_repeated else sample_look(rng)
        thing = Thing(kind=kind, color=color, x=x, y=y, size=size, flip=bool(rng.random() < 0.5))
        if all(max(abs(x - o.x), abs(y - o.y)) > 0.46 * (size + o.size) for o in things):
            things.append(thing)
    background = BACKGROUNDS[int(rng.integers(len(BACKGROUNDS)))]
    style = None if rng.random() < 0.66 else STYLES[int(rng.integers(len(STYLES)))]
    return Scene(background=background, style=style, things=tuple(things))


def sample_look(rng: np.random.Generator) -> tuple[str, str | None]:
    color = None if rng.random() < 0.2 else tuple(COLORS)[int(rng.integers(len(COLORS)))]
    return CLASSES[int(rng.integers(len(CLASSES)))], color


def draw_stranger(picture: Image.Image, place: Thing, scene: Scene, rng: np.random.Generator) -> Image.Image:
    """Put something at `place` that is none of the classes: a foreign emoji, a chimera, mush."""
    match int(rng.integers(5)):
        case 0 | 1:
            return draw_foreign_glyph(picture, place, scene, rng)
        case 2:
            return draw_chimera(picture, place, scene, rng)
        case 3:
            return shuffle_patches(
                paste_box(picture, render(replace(scene, things=(place,))), place), place, rng
            )
        case _:
            return smear(paste_box(picture, render(replace(scene, things=(place,))), place), place, rng)


def box_of(thing: Thing) -> tuple[int, int, int, int]:
    """The thing's box inside the picture."""
    left, top, right, bottom = thing.box
    return max(0, left), max(0, top), min(PICTURE_PX, right), min(PICTURE_PX, bottom)


def paste_box(picture: Image.Image, other: Image.Image, thing: Thing) -> Image.Image:
    """The picture with the other's pixels inside the thing's box."""
    result = picture.copy()
    box = box_of(thing)
    result.paste(other.crop(box), box[:2])
    return result


@lru_cache(maxsize=128)
def foreign_glyph(glyph: str) -> Image.Image:
    font = ImageFont.truetype(str(next(path for path in FONT_PATHS if path.exists())), 109)
    canvas = Image.new("RGBA", (160, 160))
    ImageDraw.Draw(canvas).text((12, 12), glyph, font=font, embedded_color=True)
    box = canvas.getbbox()
    return canvas if box is None else canvas.crop(box)


def draw_foreign_glyph(
    picture: Image.Image, place: Thing, scene: Scene, rng: np.random.Generator
) -> Image.Image:
    glyph = foreign_glyph(FOREIGN_GLYPHS[int(rng.integers(len(FOREIGN_GLYPHS)))]).resize(
        (place.size, place.size)
    )
    if place.color is not None:
        tint = Image.new("RGB", glyph.size, COLORS[place.color])
        tinted = Image.blend(glyph.convert("L").convert("RGB"), tint, 0.6)
        tinted.putalpha(glyph.getchannel("A"))
        glyph = tinted
    result = picture.copy()
    if scene.style == "sepia":
        glyph = Image.merge("RGBA", [*[glyph.convert("L")] * 3, glyph.getchannel("A")])
    result.paste(glyph, (place.x - place.size // 2, place.y - place.size // 2), glyph)
    return apply_style(result, "pixel art") if scene.style == "pixel art" else result


def draw_chimera(picture: Image.Image, place: Thing, scene: Scene, rng: np.random.Generator) -> Image.Image:
    """Half one thing, half another; or two things shining through each other."""
    others = [kind for kind in CLASSES if kind != place.kind]
    other = replace(place, kind=others[int(rng.integers(len(others)))], color=sample_look(rng)[1])
    first, second = (render(replace(scene, things=(thing,))) for thing in (place, other))
    if rng.random() < 0.5:
        return paste_box(picture, Image.blend(first, second, float(rng.uniform(0.4, 0.6))), place)
    left, top, right, bottom = box_of(place)
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
    left, top, right, bottom = box_of(place)
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
    left, top, right, bottom = box_of(thing)
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
