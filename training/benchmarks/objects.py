"""Who finds objects for GenEval: one protocol, and the judge of the small world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.evaluation.geneval import NATURAL_LOOKS
from training.evaluation.prompts import Prompt, can_be_shown
from training.stickers.detector import Detection, Detector

__all__ = ["COLORS", "Box", "Confidence", "ObjectJudge", "Sighting", "StickersJudge"]

COLORS = tuple("red orange yellow green blue purple pink brown black white".split())
"""GenEval's ten."""
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


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """What a sighting must be more than to count, and what it must be for counting prompts."""

    plain: float
    counting: float


class ObjectJudge(Protocol):
    """Finds objects and names their colours. Raises JudgeUnavailable when it cannot be loaded."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str:
        """What its verdicts depend on."""
        ...

    @property
    def confidence(self) -> Confidence: ...

    def can_judge(self, prompt: Prompt) -> bool:
        """Whether it knows all that the prompt asks for."""
        ...

    def find(self, picture: Image.Image) -> list[Sighting]: ...

    def colors(self, picture: Image.Image, sightings: Sequence[Sighting]) -> list[str]:
        """The colour of each, all of one class."""
        ...


class StickersJudge:
    """The detector of the small world. Its own frozen threshold takes the place of GenEval's."""

    name = "stickers"
    confidence = Confidence(plain=0.0, counting=0.0)

    def __init__(self, detector: Detector, weights_hash: str) -> None:
        self.detector = detector
        self.version = f"{weights_hash[:12]}, threshold {detector.thresholds.confidence:g}"

    def can_judge(self, prompt: Prompt) -> bool:
        return can_be_shown(prompt, self.detector.network.world)

    def find(self, picture: Image.Image) -> list[Sighting]:
        things = self.detector.read([picture])[0].things
        return [
            Sighting(kind=each.kind, confidence=each.confidence, box=box_of(each), color=color_of(each))
            for each in things
        ]

    def colors(self, picture: Image.Image, sightings: Sequence[Sighting]) -> list[str]:
        return [each.color or "natural" for each in sightings]


def color_of(detection: Detection) -> str | None:
    return detection.color or NATURAL_LOOKS.get(detection.kind)


def box_of(detection: Detection) -> Box:
    half = detection.size / 2
    return Box(
        left=detection.x - half,
        top=detection.y - half,
        right=detection.x + half,
        bottom=detection.y + half,
    )
