"""Which of an engine's sizes a picture gets."""

from __future__ import annotations

import math
from collections.abc import Sequence

from agent.domain import GenerateStep, PictureOptions, Shape
from engines.api import Size

__all__ = ["closest", "keeps_outline", "wanted_size"]

ASPECTS = {Shape.SQUARE: 1.0, Shape.LANDSCAPE: 1.5, Shape.PORTRAIT: 1 / 1.5}


def wanted_aspect(step: GenerateStep, options: PictureOptions) -> float:
    if step.width and step.height:
        return step.width / step.height
    return ASPECTS[step.shape or options.shape]


def wanted_size(step: GenerateStep, options: PictureOptions, sizes: Sequence[Size]) -> Size:
    """The size asked for if the engine has it, else the one of the closest outline."""
    if step.width and step.height and Size(step.width, step.height) in sizes:
        return Size(step.width, step.height)
    return closest(wanted_aspect(step, options), sizes)


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
