"""Outlines asked for in words, and words that only look like it."""

from __future__ import annotations

import pytest

from agent.brains.english_formats import take_format
from agent.brains.reading import Format
from agent.domain import Shape


@pytest.mark.parametrize(
    ("text", "rest", "wanted"),
    [
        ("a kite, vertical please", "a kite please", Format(shape=Shape.PORTRAIT)),
        ("a square picture of a donut", "a square picture of a donut", Format(shape=Shape.SQUARE)),
        ("three cows, landscape format", "three cows", Format(shape=Shape.LANDSCAPE)),
        ("a tower for my phone wallpaper", "a tower for my phone wallpaper", Format(shape=Shape.PORTRAIT)),
        ("a guitar 1024x768", "a guitar", Format(width=1024, height=768)),
        ("a portrait of an old sailor", "a portrait of an old sailor", Format()),
        ("crop it to a square", "crop it to a square", Format()),
        ("a watercolor landscape with a river", "a watercolor landscape with a river", Format()),
    ],
)
def test_an_outline_is_taken_from_the_words(text: str, rest: str, wanted: Format) -> None:
    assert take_format(text) == (rest, wanted)
