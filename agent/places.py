"""Where in a picture an instruction means to work: the thing it names, found by eyes."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
from PIL import Image, ImageFilter

from agent.changes import Locate
from engines.api import Eyes

__all__ = ["by_eyes", "find_place", "named_things", "only_recolors_or_removes"]

_LOOK = r"(?:make|paint|colou?r|recolou?r|turn|dye|tint)"
_GOES = r"(?:remove|delete|erase|get rid of|take (?:away|off|out))"
_COMES = r"(?:replace|swap|exchange|change|turn|transform)"
_PATTERNS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"change the colou?r of (?:the )?(?P<thing>[\w' -]+?) to .+",
        rf"{_COMES} (?:the |that |this )?(?P<thing>[\w' -]+?) (?:with|for|by|into|to) .+",
        rf"{_GOES} (?:the |that |this |all )?(?P<thing>[\w' -]+)",
        rf"{_LOOK} (?:the |that |this )(?P<thing>[\w' -]+?) (?:more |less |much |a bit )?[\w-]+",
    )
)
_REMOVES = re.compile(rf"{_GOES} .+", re.I)
_RECOLORS = re.compile(rf"(?:{_LOOK}|change) .+ (?P<color>[\w-]+)", re.I)
_WHOLE = re.compile(
    r"(?:it|them|everything|background|sky|ground|picture|image|photo|scene|style|colou?rs?|light(?:ing)?)\b",
    re.I,
)
MARGIN_SHARE = 1 / 32
"""Of the short side: a thing's edge and shadow lie a little outside the place that eyes give."""


def find_place(image: Image.Image, instruction: str, locate: Locate) -> Image.Image | None:
    """White (mode L) where the things stand that are to change; None unless all of them are found."""
    things = named_things(instruction)
    if not things:
        return None
    place = np.zeros((image.height, image.width), bool)
    for thing in things:
        found = locate(image, thing)
        if found is None or found.size != image.size or found.getbbox() is None:
            return None
        place |= np.asarray(found.convert("L")) > 127
    margin = 2 * max(1, round(min(image.size) * MARGIN_SHARE)) + 1
    return Image.fromarray(place.astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(margin))


def by_eyes(eyes: Eyes) -> Locate:
    """What the eyes see of the things named, as boxes."""

    def locate(image: Image.Image, words: str) -> Image.Image | None:
        boxes = eyes.locate(image, words) if eyes.vocabulary else ()
        if not boxes:
            return None
        place = Image.new("L", image.size, 0)
        for box in boxes:
            place.paste(255, box)
        return place

    return locate


def named_things(instruction: str) -> tuple[str, ...]:
    """The things changed where they stand; nothing when any part adds something or is about the whole."""
    things = []
    for part in parts_of(instruction):
        found = next(filter(None, (pattern.fullmatch(part) for pattern in _PATTERNS)), None)
        if found is None or _WHOLE.match(found["thing"]):
            return ()
        things.append(found["thing"])
    return tuple(things)


def only_recolors_or_removes(instruction: str, colors: Collection[str]) -> bool:
    """Whether every part takes a thing away, or gives it one of these colours."""
    found = [_RECOLORS.fullmatch(part) for part in parts_of(instruction) if not _REMOVES.fullmatch(part)]
    return all(each is not None and each["color"].lower() in colors for each in found)


def parts_of(instruction: str) -> list[str]:
    return [
        part.strip()
        for part in re.split(r"(?:,| and)+ (?=[a-z]+ )", instruction.strip(" .!"))
        if part.strip()
    ]
