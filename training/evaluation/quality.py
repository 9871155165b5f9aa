"""How good pictures look, apart from whether they show what was asked: fidelity, sharpness, likeness.

In a small world few plain steps already follow prompts, so a share of right pictures proves no distillation.
"""

# N pictures, C features, H height, W width

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.stickers.catalogue import SHAPES
from training.stickers.detector import Detection, Reading
from training.stickers.render import render
from training.stickers.scene import Scene, Thing

__all__ = ["feature_distance", "fidelity_db", "sharpness", "true_scene_of"]

Array = NDArray[np.float64]
_SHIFTS = (-5, -2, -1, 1, 2, 5)
_MAX_ROUNDS = 8
_SMALLEST_PX = 16


def true_scene_of(picture: Image.Image, reading: Reading) -> Scene:
    """The scene that the judge saw, each thing flipped, moved and resized by a few pixels to fit the picture.

    The judge's boxes are a little off, and it does not know flips: neither is the picture's fault.
    """
    scene = Scene(
        background=reading.background,
        style=reading.style,
        things=tuple(as_thing(seen) for seen in reversed(reading.things)),
        shape=next(name for name, size in SHAPES.items() if size == picture.size),
    )
    target = levels(picture)
    error = squared_error(target, scene)
    for _ in range(_MAX_ROUNDS):
        before = error
        for index in range(len(scene.things)):
            for field in ("x", "y", "size", "flip"):
                for thing in neighbours(scene.things[index], field):
                    tried = replace(scene, things=(*scene.things[:index], thing, *scene.things[index + 1 :]))
                    new_error = squared_error(target, tried)
                    if new_error < error:
                        error, scene = new_error, tried
        if error == before:
            break
    return scene


def as_thing(seen: Detection) -> Thing:
    return Thing(
        kind=seen.kind,
        color=seen.color,
        x=round(seen.x),
        y=round(seen.y),
        size=max(_SMALLEST_PX, round(seen.size)),
        word=seen.word,
    )


def neighbours(thing: Thing, field: str) -> Iterator[Thing]:
    if field == "flip":
        for shift in (-1, 0, 1):  # a glyph of even width is mirrored about the middle of a pixel
            yield replace(thing, flip=not thing.flip, x=thing.x + shift)
        return
    for shift in _SHIFTS:
        value = getattr(thing, field) + shift
        yield replace(thing, **{field: max(_SMALLEST_PX, value) if field == "size" else value})


def fidelity_db(picture: Image.Image, truth: Image.Image) -> float:
    """Peak signal-to-noise ratio between a picture and a true render, at most 60."""
    error = float(np.square(levels(picture) - levels(truth)).mean())
    return 10 * math.log10(255**2 / max(error, 255**2 / 1e6))


def sharpness(picture: Image.Image, truth: Image.Image) -> float:
    """Mean brightness gradient of the picture over that of the true render: below 1 is blurred."""
    return gradient(picture) / max(gradient(truth), 1e-6)


def gradient(picture: Image.Image) -> float:
    """Mean length of the brightness gradient, in levels a pixel."""
    brightness_HW = np.asarray(picture.convert("L"), np.float64)
    down, right = np.diff(brightness_HW, axis=0)[:, :-1], np.diff(brightness_HW, axis=1)[:-1]
    return float(np.hypot(down, right).mean())


def feature_distance(first_NC: Array, second_NC: Array) -> float:
    """Frechet distance of two normal distributions in the judge's features (Heusel et al. 2017, eq. 6).

    Grows with smaller N even between equals: compare rows of the same N.
    """
    mean = float(np.square(first_NC.mean(0) - second_NC.mean(0)).sum())
    first_CC, second_CC = (np.cov(each, rowvar=False) for each in (first_NC, second_NC))
    # trace of sqrt(A B) by the eigenvalues of A B, which are real and not negative but for rounding
    eigenvalues = np.linalg.eigvals(first_CC @ second_CC).real.clip(min=0)
    return mean + float(np.trace(first_CC) + np.trace(second_CC) - 2 * np.sqrt(eigenvalues).sum())


def features_of(readings: Sequence[Reading]) -> Array:
    """(N, C) of the judge's view of whole pictures."""
    return np.array([reading.features for reading in readings], np.float64)


def squared_error(target_HW3: Array, scene: Scene) -> float:
    return float(np.square(target_HW3 - levels(render(scene))).mean())


def levels(picture: Image.Image) -> Array:
    return np.asarray(picture.convert("RGB"), np.float64)
