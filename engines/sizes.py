"""Picture sizes and the rules that make a size fit a model."""

from __future__ import annotations

from dataclasses import dataclass

from engines.errors import UnsupportedSize


@dataclass(frozen=True)
class Size:
    """Width and height of a picture in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    def require_multiple_of(self, factor: int) -> Size:
        """Return self; raises UnsupportedSize when a side is not a positive multiple of `factor`."""
        if min(self.width, self.height) <= 0 or self.width % factor or self.height % factor:
            raise UnsupportedSize(f"{self} does not fit: both sides must be positive multiples of {factor}.")
        return self
