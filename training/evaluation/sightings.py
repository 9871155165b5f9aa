"""Objects as a judge of pictures reports them, whoever it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.stickers.detector import Detection

__all__ = ["COLORS", "NATURAL_LOOKS", "Box", "Mask", "Sighting", "sighting_of"]

COLORS = tuple("red orange yellow green blue purple pink brown black white".split())
"""GenEval's ten."""
NATURAL_LOOKS = {
    "star": "yellow",
    "orange": "orange",
    "computer mouse": "white",
    "toilet": "white",
    "fire hydrant": "red",
    "baseball glove": "brown",
    "bear": "brown",
    "fish": "blue",
    "sheep": "white",
    "handbag": "brown",
    "cat": "yellow",
    "refrigerator": "white",
    "teddy bear": "brown",
    "giraffe": "orange",
    "heart": "red",
    "hat": "black",
    "stop sign": "red",
    "book": "white",
    "donut": "brown",
}
"""Glyphs whose own pixels differ from the recoloured ones by less than a tenth of the range."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Box:
    """Pixels of the picture, the origin top left."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """One object: its class, how sure, where, and which pixels are its own (the picture's height x width).

    `color` is None where the judge looks at colours only when asked.
    """

    kind: str
    confidence: float
    box: Box
    mask: Mask | None = None
    color: str | None = None


def sighting_of(detection: Detection) -> Sighting:
    """What the small world's judge saw; its boxes are squares.

    Natural passes for a colour only where the two are hard to tell apart.
    """
    half = detection.size / 2
    return Sighting(
        kind=detection.kind,
        confidence=detection.confidence,
        box=Box(
            left=detection.x - half,
            top=detection.y - half,
            right=detection.x + half,
            bottom=detection.y + half,
        ),
        color=detection.color or NATURAL_LOOKS.get(detection.kind),
    )
