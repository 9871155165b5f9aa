"""Who finds objects for GenEval: one protocol, and the judge of the small world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from training.evaluation.prompts import Prompt, can_be_shown
from training.evaluation.sightings import Sighting, sighting_of
from training.stickers.detector import Detector

__all__ = ["Confidence", "ObjectJudge", "StickersJudge"]


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
        return [sighting_of(each) for each in self.detector.read([picture])[0].things]

    def colors(self, picture: Image.Image, sightings: Sequence[Sighting]) -> list[str]:
        return [each.color or "natural" for each in sightings]
