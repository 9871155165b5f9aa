"""A true picture for a prompt: what a perfect engine would draw, for the ceiling row."""

from __future__ import annotations

import numpy as np

from training.evaluation.prompts import Prompt
from training.stickers.catalogue import SHAPES, SIGN
from training.stickers.scene import LAYOUTS, Layout, Scene, Thing


def true_scene(prompt: Prompt, rng: np.random.Generator) -> Scene:
    """Everything asked for and nothing else; what is not asked is natural, plain or free."""
    looks = [(wanted.kind, wanted.color) for wanted in prompt.include for _ in range(wanted.count)]
    relation = next((wanted.relation for wanted in prompt.include if wanted.relation), None)
    layout = layout_for(prompt.shape, len(looks), relation)
    centres = layout.centres[::-1] if relation in ("left of", "above") else layout.centres
    width, height = SHAPES[prompt.shape]
    things = tuple(
        Thing(
            kind=kind,
            color=color,
            x=round(width * x + rng.uniform(-8, 8)),
            y=round(height * y + rng.uniform(-8, 8)),
            size=int(rng.integers(layout.smallest, layout.largest)),
            flip=kind != SIGN and bool(rng.random() < 0.5),
            word=prompt.word if kind == SIGN else None,
        )
        for (kind, color), (x, y) in zip(looks, centres, strict=True)
    )
    return Scene(
        background=prompt.background or "plain", style=prompt.style, things=things, shape=prompt.shape
    )


def layout_for(shape: str, count: int, relation: str | None) -> Layout:
    """Two things stand beside each other where nothing else is asked; the reference comes first."""
    layouts = LAYOUTS[shape][count]
    if count != 2:
        return layouts[-1]
    is_column = relation in ("above", "below") or (relation is None and shape == "portrait")
    axis = 0 if is_column else 1
    return next(each for each in layouts if each.centres[0][axis] == each.centres[1][axis])
