"""Whether a model sees: some servers drop pictures without a word, so it is shown one that we know."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from PIL import Image

from agent.looking import as_jpeg

__all__ = ["QUESTION", "draw_stripes", "has_seen", "stripes"]

COLORS = {
    "red": (220, 20, 20),
    "green": (20, 160, 40),
    "blue": (20, 40, 220),
    "yellow": (250, 220, 20),
    "black": (0, 0, 0),
    "white": (255, 255, 255),
}
NUM_STRIPES = 3
STRIPE_PX = 96
QUESTION = (
    f"The picture has {NUM_STRIPES} horizontal stripes, each of one colour. Name their colours from top to "
    f"bottom, choosing from: {', '.join(COLORS)}. Answer with the {NUM_STRIPES} words alone."
)


def stripes() -> tuple[str, ...]:
    """Colours nobody can know without looking: one guess in 120 is right."""
    return tuple(random.SystemRandom().sample([*COLORS], NUM_STRIPES))


def draw_stripes(colors: Sequence[str]) -> bytes:
    """The JPEG, top to bottom."""
    image = Image.new("RGB", (NUM_STRIPES * STRIPE_PX, NUM_STRIPES * STRIPE_PX))
    for index, color in enumerate(colors):
        image.paste(COLORS[color], (0, index * STRIPE_PX, image.width, (index + 1) * STRIPE_PX))
    return as_jpeg(image)


def has_seen(answer: str, colors: Sequence[str]) -> bool:
    """Whether the answer names exactly these, in this order."""
    return re.findall("|".join(COLORS), answer.lower()) == [*colors]
