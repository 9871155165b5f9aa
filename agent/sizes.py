"""Which of an engine's sizes a picture gets."""

from __future__ import annotations

import math
from collections.abc import Sequence

from agent.domain import GenerateStep, PictureOptions, Shape
from agent.operations import MAX_SIDE_PX
from engines.api import Size

__all__ = ["closest", "is_alike", "keeps_outline", "wanted_size"]

MULTIPLE = 16
"""Both sides of what an engine of any size draws, in pixels."""
MOST_PX = 2048 * 2048
"""Of such a picture: four times what the published models were trained at."""
MOST_RATIO = 3.0
ALIKE = 0.02
"""Outlines that differ by less are one."""
ASPECTS = {Shape.SQUARE: 1.0, Shape.LANDSCAPE: 1.5, Shape.PORTRAIT: 1 / 1.5}


def wanted_aspect(step: GenerateStep, options: PictureOptions) -> float:
    if step.width and step.height:
        return step.width / step.height
    return ASPECTS[step.shape or options.shape]


def wanted_size(
    step: GenerateStep,
    options: PictureOptions,
    sizes: Sequence[Size],
    *,
    takes_others: bool = False,
    most_side_px: int = MAX_SIDE_PX,
) -> Size:
    """The size asked for if the engine has it, or about that where it takes any; else one of like outline."""
    if step.width and step.height:
        asked = Size(step.width, step.height)
        ratio = asked.width / asked.height
        if asked in sizes:
            return asked
        if takes_others and 1 / MOST_RATIO <= ratio <= MOST_RATIO:
            return in_multiples(asked, most_side_px)
    return closest(wanted_aspect(step, options), sizes)


def in_multiples(size: Size, most_side_px: int) -> Size:
    """The nearest size that such an engine takes, of about this outline where it must be smaller."""
    scale = min(1.0, math.sqrt(MOST_PX / size.area_px), most_side_px / max(size.width, size.height))
    width, height = (max(1, round(side * scale / MULTIPLE)) * MULTIPLE for side in (size.width, size.height))
    return Size(width, height)


def is_alike(first: Size, second: Size) -> bool:
    """Whether hardly anything of a picture of one outline is cut off when it is brought to the other."""
    return abs(math.log(first.width * second.height / (first.height * second.width))) < ALIKE


def keeps_outline(step: GenerateStep, options: PictureOptions, size: Size) -> bool:
    """Whether the size is what was asked for: the same pixels, or a shape of the same kind."""
    if step.width and step.height:
        return (step.width, step.height) == (size.width, size.height)
    match step.shape or options.shape:
        case Shape.SQUARE:
            return size.width == size.height
        case Shape.LANDSCAPE:
            return size.width > size.height
        case Shape.PORTRAIT:
            return size.width < size.height


def closest(aspect: float, sizes: Sequence[Size]) -> Size:
    """The size whose outline is closest, the earlier one when equal."""
    return min(sizes, key=lambda size: abs(math.log(aspect * size.height / size.width)))
