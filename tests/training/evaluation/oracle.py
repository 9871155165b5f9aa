"""What a judge without error would read off a scene."""

from __future__ import annotations

from training.stickers.detector import Detection, Reading
from training.stickers.scene import Scene, Thing


def see(thing: Thing, confidence: float = 0.9) -> Detection:
    return Detection(
        kind=thing.kind,
        color=thing.color,
        confidence=confidence,
        x=thing.x,
        y=thing.y,
        size=thing.size,
        word=thing.word,
    )


def read(scene: Scene) -> Reading:
    return Reading(
        things=tuple(see(thing) for thing in scene.things), background=scene.background, style=scene.style
    )
