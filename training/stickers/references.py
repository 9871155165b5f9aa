"""Words that mean one thing of a scene and no other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.stickers.catalogue import CATEGORIES
from training.stickers.scene import Scene, Thing

__all__ = ["REASONING_SHARE", "Reference", "refer"]

REASONING_SHARE = 0.15
"""Of references, where the world has both kinds."""
_CLEARLY_LARGER = 1.25
_CLEARLY_BESIDE_PX = 40


@dataclass(frozen=True, kw_only=True)
class Reference:
    """`is_reasoning`: the words name no class of their own, so the scene must be looked at."""

    words: str
    is_reasoning: bool = False


def refer(
    thing: Thing, scene: Scene, rng: np.random.Generator, reasoning_share: float = REASONING_SHARE
) -> Reference | None:
    """A reference to the thing, None where no words single it out."""
    reasoned = _reasoned(thing, scene)
    if reasoned and rng.random() < reasoning_share:
        return Reference(words=reasoned[int(rng.integers(len(reasoned)))], is_reasoning=True)
    twins = [other for other in scene.things if other is not thing and other.kind == thing.kind]
    if not twins:
        is_colored = thing.color is not None and rng.random() < 0.4
        return Reference(words=f"the {thing.color} {thing.kind}" if is_colored else f"the {thing.kind}")
    if thing.color is None or any(other.color == thing.color for other in twins):
        return None
    return Reference(words=f"the {thing.color} {thing.kind}")


def _reasoned(thing: Thing, scene: Scene) -> list[str]:
    others = [other for other in scene.things if other is not thing]
    if not others:
        return []
    words = []
    if all(thing.size > _CLEARLY_LARGER * other.size for other in others):
        words += ["the largest thing", "the biggest thing"]
    if all(thing.size * _CLEARLY_LARGER < other.size for other in others):
        words.append("the smallest thing")
    if all(thing.x < other.x - _CLEARLY_BESIDE_PX for other in others):
        words += ["the leftmost thing", "the thing on the left"]
    if all(thing.x > other.x + _CLEARLY_BESIDE_PX for other in others):
        words += ["the rightmost thing", "the thing on the right"]
    twins = [other for other in others if other.kind == thing.kind]
    if len(twins) == 1 and abs(thing.x - twins[0].x) > _CLEARLY_BESIDE_PX:
        words.append(f"the {'left' if thing.x < twins[0].x else 'right'} {thing.kind}")
    for name, members in CATEGORIES.items():
        if thing.kind in members and not any(other.kind in members for other in others):
            words.append(f"the {name}")
    return words
