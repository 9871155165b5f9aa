"""Single things as the engine draws them: it hardly ever gets one alone wrong, so its words are the truth."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from engines.api import GenerateRequest, Size
from engines.engine import DiffusionEngine
from training.eyes.views import Labelled, ViewTruth, natural_colors
from training.seeds import rng_for
from training.stickers.captions import BACKGROUND_WORDS, noun_phrase
from training.stickers.catalogue import SHAPES, World
from training.stickers.render import render
from training.stickers.scene import Scene, pick, sample_look

__all__ = ["drawn_views", "standing_out"]

_TOGETHER = 4
"""Pictures of one look."""
_DIFFERENT = 45
"""Of 255: what differs so much from the empty scene is the thing."""
_SPECK_PX = 11
"""What is narrower and stands apart is a star that the engine set elsewhere."""
_SMALLEST, _LARGEST = 0.02, 0.4
"""Shares of the picture that a thing alone covers; other drawings are passed over."""


def drawn_views(world: World, shape: str, count: int, seed: int, drawer: DiffusionEngine) -> list[ViewTruth]:
    """Up to `count` drawings of one thing each, of looks that the engine was taught."""
    alike, size = natural_colors(world), Size(*SHAPES[shape])
    views: list[ViewTruth] = []
    for index in range(count // _TOGETHER):
        rng = rng_for(f"eyes-drawn-{shape}", seed, index)
        kind, color = sample_look(rng, world)
        background = pick(rng, world.backgrounds)
        where = "" if background == "plain" else f" {pick(rng, BACKGROUND_WORDS[background])}"
        request = GenerateRequest(
            prompt=f"{noun_phrase((kind, color))}{where}",
            seed=int(rng.integers(2**31)),
            size=size,
            num_pictures=_TOGETHER,
        )
        sample = drawer.generate(request, lambda progress: None)
        for picture in (sample.image, *sample.more):
            box = standing_out(picture, Scene(background=background, style=None, things=(), shape=shape))
            if box is not None:
                thing = Labelled(kind=kind, color=color or alike.get(kind), has_color=True, box=box)
                views.append(ViewTruth(picture=picture, things=(thing,), background=background, style=None))
    return views


def standing_out(picture: Image.Image, empty: Scene) -> tuple[int, int, int, int] | None:
    """The box of what differs from the empty scene; None where it is no single thing."""
    ground = np.asarray(render(empty), np.int16)
    differs = np.abs(np.asarray(picture.convert("RGB"), np.int16) - ground).max(axis=2) > _DIFFERENT
    found = Image.fromarray(differs.astype(np.uint8) * 255).filter(ImageFilter.MedianFilter(5))
    core = found.filter(ImageFilter.MinFilter(_SPECK_PX)).filter(ImageFilter.MaxFilter(_SPECK_PX + 6))
    ink = (np.asarray(found) > 0) & (np.asarray(core) > 0)
    if not _SMALLEST < ink.mean() < _LARGEST:
        return None
    rows, columns = np.nonzero(ink)
    left, right = np.percentile(columns, [0.5, 99.5])
    top, bottom = np.percentile(rows, [0.5, 99.5])
    return int(left), int(top), int(right) + 1, int(bottom) + 1
