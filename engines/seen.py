"""What eyes see in a picture. Plain types: importing this file never imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PIL import Image

__all__ = ["Box", "Eyes", "Seen", "SeenThing"]

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in picture pixels."""


@dataclass(frozen=True, kw_only=True)
class SeenThing:
    """One thing: its class, its colour (None is the colour such things have, or one that cannot be told)."""

    kind: str
    color: str | None
    box: Box
    confidence: float

    @property
    def centre(self) -> tuple[float, float]:
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2


@dataclass(frozen=True, kw_only=True)
class Seen:
    """All that was seen in one picture, the surest thing first.

    `confidence` says how surely the picture is one that these eyes can read: with `is_known` False nothing
    else here means anything. `num_strangers` counts things that stand there and are none of the classes.
    Eyes that speak instead of listing things leave `things` empty and fill `description`.
    """

    size: tuple[int, int]
    is_known: bool
    confidence: float
    things: tuple[SeenThing, ...] = ()
    num_strangers: int = 0
    background: str | None = None
    style: str | None = None
    description: str = ""


class Eyes(Protocol):
    """Looks at pictures. `vocabulary` names what can be told apart ("classes", "colors", "backgrounds",
    "styles"); it is empty for eyes that speak freely. Raises EngineError."""

    @property
    def vocabulary(self) -> dict[str, tuple[str, ...]]: ...

    def look(self, image: Image.Image, question: str = "") -> Seen:
        """What is in the picture; eyes that speak freely answer `question`, others pass it over."""
        ...

    def locate(self, image: Image.Image, words: str) -> tuple[Box, ...]:
        """Where the things of these words stand ("the red car"), the surest first."""
        ...
