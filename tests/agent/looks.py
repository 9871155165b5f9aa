"""Pictures as they are seen, for tests: things in a row, from left to right."""

from __future__ import annotations

from engines.api import Seen, SeenThing

VOCABULARY = {
    "classes": ("car", "cat", "dog", "bird", "apple", "fish", "hat"),
    "colors": ("red", "blue", "green", "pink"),
    "backgrounds": ("plain", "grass", "night", "sand"),
    "styles": ("pixel art", "sepia"),
}


def thing(look: str, x: int = 0, y: int = 100, confidence: float = 0.9) -> SeenThing:
    """ "red car" or "dog", 40 pixels wide."""
    *color, kind = look.split()
    return SeenThing(
        kind=kind, color=color[0] if color else None, box=(x, y, x + 40, y + 40), confidence=confidence
    )


def seen(*looks: str, background: str = "plain", style: str | None = None, num_strangers: int = 0) -> Seen:
    return Seen(
        size=(256, 256),
        is_known=True,
        confidence=0.99,
        things=tuple(thing(look, 60 * place) for place, look in enumerate(looks)),
        num_strangers=num_strangers,
        background=background,
        style=style,
    )
