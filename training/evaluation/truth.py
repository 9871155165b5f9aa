"""A true picture for a prompt: what a perfect engine would draw, for the ceiling row."""

from __future__ import annotations

import numpy as np

from training.evaluation.prompts import Prompt
from training.stickers.scene import PICTURE_PX, Scene, Thing

_ROW, _COLUMN = ((0.27, 0.5), (0.73, 0.5)), ((0.5, 0.26), (0.5, 0.74))
_PLACES = {
    1: ((0.5, 0.5),),
    2: _ROW,
    3: ((0.5, 0.26), (0.26, 0.74), (0.74, 0.74)),
    4: ((0.26, 0.26), (0.74, 0.26), (0.26, 0.74), (0.74, 0.74)),
}
_SIZES = {1: (0.38, 0.54), 2: (0.28, 0.42), 3: (0.26, 0.38), 4: (0.26, 0.38)}


def true_scene(prompt: Prompt, rng: np.random.Generator) -> Scene:
    """Everything asked for and nothing else; what is not asked is natural, plain or free."""
    looks = [(wanted.kind, wanted.color) for wanted in prompt.include for _ in range(wanted.count)]
    relation = next((wanted.relation for wanted in prompt.include if wanted.relation), None)
    smallest, largest = _SIZES[len(looks)]
    things = tuple(
        Thing(
            kind=kind,
            color=color,
            x=round(PICTURE_PX * x + rng.uniform(-8, 8)),
            y=round(PICTURE_PX * y + rng.uniform(-8, 8)),
            size=int(PICTURE_PX * rng.uniform(smallest, largest)),
            flip=bool(rng.random() < 0.5),
        )
        for (kind, color), (x, y) in zip(looks, places(len(looks), relation), strict=True)
    )
    return Scene(background=prompt.background or "plain", style=prompt.style, things=things)


def places(count: int, relation: str | None) -> tuple[tuple[float, float], ...]:
    """Centres as shares of the picture; with a relation the reference comes first."""
    match relation:
        case "left of":
            return _ROW[::-1]
        case "right of":
            return _ROW
        case "above":
            return _COLUMN[::-1]
        case "below":
            return _COLUMN
        case _:
            return _PLACES[count]
