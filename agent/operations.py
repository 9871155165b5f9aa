"""Exact work on a picture as a whole, done pixel by pixel and without an engine."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "MAX_SIDE_PX",
    "MOST_PX",
    "PIXELS",
    "Axis",
    "Crop",
    "CutOut",
    "Extend",
    "Flip",
    "Operation",
    "Resize",
    "Rotate",
    "Side",
    "Upscale",
]

PIXELS = "pillow"
"""The preset of a picture that no engine has drawn."""
MAX_SIDE_PX = 4096
"""Of what an operation may make."""
MOST_PX = 99_999
"""That can be asked for: whoever carries it out says why it cannot be."""


class Axis(StrEnum):
    """A flip changes left with right, or top with bottom."""

    HORIZONTAL = "horizontal"
    VERTICAL = "vertical"


class Side(StrEnum):
    LEFT = "left"
    TOP = "top"
    RIGHT = "right"
    BOTTOM = "bottom"


class Exact(BaseModel):
    """A frozen record; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Crop(Exact):
    """Keep a part: a box in shares of width and height, and of that the middle, of an outline or in pixels.

    `aspect` is width / height.
    """

    name: Literal["crop"] = "crop"
    left: float = Field(default=0, ge=0, lt=1)
    top: float = Field(default=0, ge=0, lt=1)
    right: float = Field(default=1, gt=0, le=1)
    bottom: float = Field(default=1, gt=0, le=1)
    aspect: float | None = Field(default=None, ge=0.001, le=1000)
    width: int | None = Field(default=None, ge=1)
    height: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def has_area(self) -> Crop:
        if self.left >= self.right or self.top >= self.bottom:
            raise ValueError("the part to keep has no area")
        return self


class Rotate(Exact):
    """Turn clockwise. What a turn by other than quarters lays bare takes the colour of the edge."""

    name: Literal["rotate"] = "rotate"
    degrees: float = Field(ge=-3600, le=3600)


class Flip(Exact):
    name: Literal["flip"] = "flip"
    axis: Axis = Axis.HORIZONTAL


class Resize(Exact):
    """To pixels, where a side left out follows the outline, or by a factor."""

    name: Literal["resize"] = "resize"
    width: int | None = Field(default=None, ge=1, le=MOST_PX)
    height: int | None = Field(default=None, ge=1, le=MOST_PX)
    scale: float | None = Field(default=None, ge=0.001, le=1000)

    @model_validator(mode="after")
    def says_how(self) -> Resize:
        if (self.width or self.height) is None and self.scale is None:
            raise ValueError("neither pixels nor a factor is given")
        return self


class Extend(Exact):
    """More canvas: to an outline, or on some sides by pixels or a share of the picture (else a quarter)."""

    name: Literal["extend"] = "extend"
    sides: tuple[Side, ...] = ()
    pixels: int | None = Field(default=None, ge=1, le=MOST_PX)
    share: float | None = Field(default=None, gt=0, le=1000)
    aspect: float | None = Field(default=None, ge=0.001, le=1000)

    @model_validator(mode="after")
    def says_where(self) -> Extend:
        if not self.sides and self.aspect is None:
            raise ValueError("neither sides nor an outline is given")
        return self


class CutOut(Exact):
    """Make the ground behind the picture's subject transparent."""

    name: Literal["cut_out"] = "cut_out"


class Upscale(Exact):
    """More pixels by resampling; no detail comes with them."""

    name: Literal["upscale"] = "upscale"
    factor: Literal[2, 4] = 2


Operation = Annotated[Crop | Rotate | Flip | Resize | Extend | CutOut | Upscale, Field(discriminator="name")]
