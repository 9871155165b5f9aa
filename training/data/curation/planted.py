"""Raw pictures of the small world with planted copies and faults, and the truth about each."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from training.seeds import rng_for
from training.stickers.captions import caption
from training.stickers.catalogue import WHOLE, World
from training.stickers.render import render
from training.stickers.scene import Scene, Thing, sample_scene

__all__ = [
    "TRUTH",
    "UNSAFE_KIND",
    "Copy",
    "Fault",
    "Planted",
    "copied",
    "draw_planted",
    "plant",
    "read_truth",
    "spoiled",
]

TRUTH = "truth.jsonl"
UNSAFE_KIND = "knife"
"""Stands in for what must not be learnt: the small world has nothing that is really unsafe."""
MARKS = ("SAMPLE", "PREVIEW", "© STOCK", "DO NOT COPY", "DEMO")


class Copy(StrEnum):
    """What was done to a picture to make a copy of it."""

    BYTES = "bytes"
    JPEG = "jpeg"
    RESIZED = "resized"
    CROPPED = "cropped"
    FLIPPED = "flipped"
    RECOLORED = "recolored"


class Fault(StrEnum):
    """What is wrong with a picture."""

    WATERMARK = "watermark"
    BLUR = "blur"
    BLANK = "blank"
    UNSAFE = "unsafe"
    UGLY = "ugly"


@dataclass(frozen=True, kw_only=True)
class Planted:
    """The truth about one file. `scene` says what it shows, for scenes that are alike by chance."""

    name: str
    copy_of: str = ""
    copy: Copy | None = None
    fault: Fault | None = None
    scene: str = ""


def plant(
    folder: Path,
    count: int,
    seed: int = 0,
    copy_share: float = 0.2,
    fault_share: float = 0.2,
    world: World = WHOLE,
) -> list[Planted]:
    """Write `count` files, captions and truth.jsonl. Raises FontMissing."""
    folder.mkdir(parents=True, exist_ok=True)
    truth, originals = list[Planted](), list[tuple[Planted, bytes]]()
    for index in range(count):
        rng = rng_for("planted", seed, index)
        if originals and rng.random() < copy_share:
            source, content = originals[int(rng.integers(len(originals)))]
            kind = [*Copy][int(rng.integers(len(Copy)))]
            name, content = copied(content, kind, rng, f"{index:06}")
            truth.append(replace(source, name=name, copy_of=source.name, copy=kind))
        else:
            fault = [*Fault][int(rng.integers(len(Fault)))] if rng.random() < fault_share else None
            scene, image = draw_planted(rng, fault, world)
            name, content = f"{index:06}.png", as_bytes(image, "PNG")
            truth.append(Planted(name=name, fault=fault, scene="" if fault is Fault.BLANK else told(scene)))
            (folder / f"{index:06}.txt").write_text(caption(scene, rng), "utf-8")
            if fault is not Fault.BLANK:
                originals.append((truth[-1], content))
        (folder / truth[-1].name).write_bytes(content)
    lines = (json.dumps(asdict(each), ensure_ascii=False) for each in truth)
    (folder / TRUTH).write_text("\n".join(lines) + "\n", "utf-8")
    return truth


def read_truth(folder: Path) -> list[Planted]:
    found = list[Planted]()
    for line in (folder / TRUTH).read_text("utf-8").splitlines():
        record = json.loads(line)
        copy, fault = record["copy"], record["fault"]
        found.append(
            Planted(
                **{**record, "copy": Copy(copy) if copy else None, "fault": Fault(fault) if fault else None}
            )
        )
    return found


def told(scene: Scene) -> str:
    """What it shows and where."""
    things = [(*each.look, each.x, each.y) for each in scene.things]
    return json.dumps([scene.background, scene.style, scene.shape, things], default=str)


def draw_planted(
    rng: np.random.Generator, fault: Fault | None, world: World = WHOLE
) -> tuple[Scene, Image.Image]:
    """A scene, with the fault if there is one."""
    scene = safe_scene(rng, world)
    if fault is Fault.UNSAFE:
        first, *rest = scene.things
        scene = replace(scene, things=(replace(first, kind=UNSAFE_KIND, color=None, word=None), *rest))
    drawn = scene
    if fault is Fault.UGLY:
        heap = (*scene.things, *scene.things)
        drawn = replace(scene, things=tuple(untidy(rng, thing, scene) for thing in heap))
    return scene, spoiled(render(drawn), fault, rng)


def safe_scene(rng: np.random.Generator, world: World) -> Scene:
    while True:
        scene = sample_scene(rng, world=world)
        if all(thing.kind != UNSAFE_KIND for thing in scene.things):
            return scene


def untidy(rng: np.random.Generator, thing: Thing, scene: Scene) -> Thing:
    """Cut off by an edge or heaped on others, at any size."""
    width, height = scene.size
    side = int(rng.integers(60, 190))
    return replace(thing, x=int(rng.integers(0, width)), y=int(rng.integers(0, height)), size=side)


def spoiled(image: Image.Image, fault: Fault | None, rng: np.random.Generator) -> Image.Image:
    """What happens to pixels rather than to the scene."""
    match fault:
        case Fault.WATERMARK:
            return watermarked(image, rng)
        case Fault.BLUR:
            return image.filter(ImageFilter.GaussianBlur(float(rng.uniform(3.0, 7.0))))
        case Fault.BLANK:
            color = tuple(int(each) for each in rng.integers(0, 256, 3))
            noise = rng.integers(0, 3, (image.height, image.width, 3), dtype=np.uint8)
            return Image.fromarray(np.clip(np.array(color) + noise, 0, 255).astype(np.uint8))
    return image


def watermarked(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Pale words across the picture, once in large or many times in small."""
    words, angle = MARKS[int(rng.integers(len(MARKS)))], float(rng.uniform(-40, 40))
    layer = Image.new("L", (image.width * 2, image.height * 2))
    pen, is_tiled = ImageDraw.Draw(layer), rng.random() < 0.5
    font = ImageFont.load_default(size=22 if is_tiled else 44)
    if is_tiled:
        for top in range(0, layer.height, 64):
            for left in range(0, layer.width, 150):
                pen.text((left, top), words, fill=255, font=font)
    else:
        pen.text((layer.width / 2, layer.height / 2), words, fill=255, font=font, anchor="mm")
    layer = layer.rotate(angle, Image.Resampling.BICUBIC)
    left, top = image.width // 2, image.height // 2
    strength = float(rng.uniform(0.35, 0.7))
    mask = layer.crop((left, top, left + image.width, top + image.height)).point(
        lambda level: level * strength
    )
    return Image.composite(
        Image.new("RGB", image.size, "white" if rng.random() < 0.5 else "gray"), image, mask
    )


def copied(content: bytes, kind: Copy, rng: np.random.Generator, stem: str) -> tuple[str, bytes]:
    """The copy's file name and bytes."""
    if kind is Copy.BYTES:
        return f"{stem}.png", content
    with Image.open(io.BytesIO(content)) as file:
        image = file.convert("RGB")
    if kind is Copy.JPEG:
        return f"{stem}.jpg", as_bytes(image, "JPEG", quality=int(rng.integers(35, 85)))
    return f"{stem}.png", as_bytes(CHANGES[kind](image, rng), "PNG")


def resized(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    scale = float(rng.uniform(0.5, 1.6))
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)


def cropped(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    left, top, right, bottom = (float(each) for each in rng.uniform(0.0, 0.09, 4))
    width, height = image.size
    return image.crop(
        (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    )


def flipped(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def recolored(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Lighter or darker, warmer or colder, as an editor's sliders do."""
    gains, lift = rng.uniform(0.85, 1.12, 3), float(rng.uniform(-14, 14))
    return Image.fromarray(np.clip(np.asarray(image, np.float32) * gains + lift, 0, 255).astype(np.uint8))


CHANGES: dict[Copy, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    Copy.RESIZED: resized,
    Copy.CROPPED: cropped,
    Copy.FLIPPED: flipped,
    Copy.RECOLORED: recolored,
}


def as_bytes(image: Image.Image, format: str, **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()
