"""The outline asked for in English: "landscape format", "a square picture", "1024x768"."""

from __future__ import annotations

import re

from agent.brains.reading import Format
from agent.domain import Shape

__all__ = ["is_format_alone", "take_format"]

_PIXELS = re.compile(
    r"[, ]*\b(?:(?:at|in|of|sized?|as) )?(?:a )?(?:size (?:of )?)?(\d{2,5}) ?(?:x|×|by|\*) ?(\d{2,5})"
    r"(?: ?px| pixels)?\b(?: (?:pixels|px|size))?",
    re.I,
)
_SMALLEST_PX = 32
_FORMAT = (
    r"(?:format|orientation|mode|aspect(?: ratio)?|layout|shape|version|size|image format|picture format)"
)
_COLON = re.compile(
    r"^(?:(?:in |as )?(?:an? )?)?(square|landscape|portrait|vertical|horizontal|wide(?:screen)?"
    r"|tall)\s*[:,-]\s+(?=\S)",
    re.I,
)
_PAGE = r"(?:picture|image|photo|pic|canvas|poster|illustration|wallpaper|drawing|shot|frame)"
_LEAD = r"[, ]*\b(?:in |as |using )?(?:an? )?"
_END = r"(?=[\s,.!?]*(?:please|pls|thanks)?[\s,.!?]*$)"
_SHAPES = (
    (
        Shape.LANDSCAPE,
        rf"{_LEAD}(?:(?:wide )?(?:landscape|horizontal|wide ?screen|wide|panoramic|panorama)[ -]{_FORMAT}"
        rf"|(?<=in )landscape\b(?! with| of)|(?:landscape|horizontal|wide){_END}|horizontally{_END}"
        r"|wide ?screen|16 ?[:/x] ?9(?: (?:aspect )?(?:ratio|format))?|3 ?: ?2(?: ratio)?|4 ?: ?3(?:"
        r" ratio)?)\b",
    ),
    (
        Shape.PORTRAIT,
        rf"{_LEAD}(?:(?:portrait|vertical|tall|upright)[ -]{_FORMAT}|(?<=in )portrait\b(?! of)"
        rf"|(?:vertical|upright){_END}|(?<!self-)(?<!a )portrait{_END}|vertically{_END}"
        r"|9 ?[:/x] ?16(?: (?:aspect )?(?:ratio|format))?|2 ?: ?3(?: ratio)?|3 ?: ?4(?: ratio)?"
        r"|phone wallpaper(?: format| size))\b",
    ),
    (
        Shape.SQUARE,
        rf"{_LEAD}(?:square[ -]{_FORMAT}|(?<=in )square\b(?! with)|square{_END}"
        r"|1 ?: ?1(?: (?:aspect )?(?:ratio|format))?)(?=\W|$)",
    ),
)
_HINTS = (
    (
        Shape.LANDSCAPE,
        rf"\b(?:wide|horizontal|panoramic) (?={_PAGE}\b)|\bbanner\b|\bdesktop (?:wallpaper|background)\b",
    ),
    (
        Shape.PORTRAIT,
        rf"\b(?:vertical|upright) (?={_PAGE}\b)|\b(?:phone|mobile|lock ?screen) (?:wallpaper|background)\b"
        r"|\b(?:wallpaper|background) for (?:my|a|the) (?:phone|mobile)\b|\bfor my phone wallpaper\b",
    ),
    (Shape.SQUARE, rf"\bsquare (?={_PAGE}\b)|\b(?:profile picture|avatar)\b"),
)
"""Words that imply an outline and stay in the text, for what they say besides."""
_NAMES = {
    "square": Shape.SQUARE, "landscape": Shape.LANDSCAPE, "horizontal": Shape.LANDSCAPE,
    "wide": Shape.LANDSCAPE,
    "widescreen": Shape.LANDSCAPE, "portrait": Shape.PORTRAIT, "vertical": Shape.PORTRAIT,
    "tall": Shape.PORTRAIT,
}  # fmt: skip
_RESHAPING = re.compile(
    r"\b(?:crop|cut|trim|resize|stretch|extend|expand|outpaint|upscale|downscale|rescale|reflect)\b"
    r"|\b(?:flip|mirror|scale|rotate) (?:it|this|that|the|#\d|up|down|to|horizontally|vertically)"
    r"|\b(?:pixels?|px) (?:wide|high|tall)\b",
    re.I,
)

_NOTHING_ELSE = re.compile(
    r"(?:(?:(?:can|could|may) (?:i|we|you) )?(?:please )?(?:have|get|see|make|give|show|do|turn|change"
    r"|put|redo)|"
    r"(?:i|we) (?:want|need|would like|would prefer|prefer)|(?:i'd|we'd) (?:like|prefer))?"
    r"(?: ?\b(?:it|this|that|(?:the )?same(?: one| thing| picture)?|the (?:picture|image|whole thing)"
    r"|me|to|into|in|"
    r"as|a|but|rather|please|instead|now|actually|though))*",
    re.I,
)


def take_format(text: str) -> tuple[str, Format]:
    """Outline or pixels asked for, and the text without them. Cropping is an edit and no outline."""
    if _RESHAPING.search(text):
        return text, Format()
    pixels = _PIXELS.search(text)
    if pixels and int(pixels[1]) >= _SMALLEST_PX and int(pixels[2]) >= _SMALLEST_PX:
        return _without(text, pixels), Format(width=int(pixels[1]), height=int(pixels[2]))
    first = _COLON.match(text)
    if first:
        return text[first.end() :], Format(shape=_NAMES[first[1].lower()])
    for shape, pattern in _SHAPES:
        found = re.search(pattern, text, re.I)
        if found:
            return _without(text, found), Format(shape=shape)
    for shape, pattern in _HINTS:
        if re.search(pattern, text, re.I):
            return text, Format(shape=shape)
    return text, Format()


def is_format_alone(rest: str) -> bool:
    """Nothing but the outline was asked for: "can I have this in portrait?", "same in landscape"."""
    return _NOTHING_ELSE.fullmatch(rest.strip(" ,.!?")) is not None


def _without(text: str, found: re.Match[str]) -> str:
    rest = re.sub(r"\s+", " ", f"{text[: found.start()]} {text[found.end() :]}").strip(" ,:")
    rest = re.sub(
        r"(?<=\w)[,;]? (?:and |but )*(?:please )?(?:make|keep|do|have|draw) (?:it|that|this)(?: in| as| a)*$",
        "",
        rest,
        flags=re.I,
    )
    return re.sub(rf"^(?:{_PAGE})s? of (?=\S)", "", rest, flags=re.I)
