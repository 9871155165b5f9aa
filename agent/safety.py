"""A check on pixels that needs no model: whether there is a picture at all."""

from __future__ import annotations

from PIL import Image

from engines.errors import NonFiniteOutput

__all__ = ["check_picture"]


def check_picture(image: Image.Image) -> None:
    """Refuse a picture of one colour: NaN turns into black on the way to pixels; raises NonFiniteOutput."""
    extrema = image.convert("RGB").getextrema()
    if all(isinstance(each, tuple) and each[1] - each[0] <= 1 for each in extrema):
        raise NonFiniteOutput("The engine returned an empty picture. Please try again with another seed.")
