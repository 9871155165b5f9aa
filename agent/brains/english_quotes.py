"""Quoted words, names and words in capitals are data: they steer nothing and come back untouched."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["mask_quotes", "plain_quotes", "unmasked"]

_PRINTED = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"'})
_QUOTED = (
    r"\"[^\"]+\"|\u00ab[^\u00bb]+\u00bb|(?<!\w)'[^']{2,}'(?!\w)|\b[\w-]+\.(?:png|jpe?g|webp|gif|heic|tiff?)\b"
)
_NAME = r"(?!QUOTE\d)[A-Z][\w&'-]*(?:[ ]+(?:(?:&|and|the|of|de|van)[ ]+)?[A-Z&][\w&'-]*)*"
_NAMED = re.compile(
    r"(?:\b(?:called|named|titled|entitled|labell?ed|dubbed|says?|saying|reads?|reading|name is|name's"
    r"|call (?:it|him|her|them|the \w+)|the (?:words?|text|title|name|letters?))(?:[:,])? )"
    rf"(?P<name>{_NAME})"
)
_CAPITALS = re.compile(
    r"(?<![\w'])(?!OK\b|TV\b|AI\b|PNG\b|JPE?G\b|USA?\b|UK\b|QUOTE)[A-Z]{2,}(?:[ ]+[A-Z]{2,})*\b"
)


def plain_quotes(text: str) -> str:
    """The straight quotes and apostrophes of a keyboard in place of a printer's; "no. 4" is number 4."""
    return re.sub(r"\b([Nn])(?:o|r)\. ?(?=\d)", r"\1umber ", text.translate(_PRINTED))


def mask_quotes(text: str) -> tuple[str, list[str]]:
    """The text with QUOTE0, QUOTE1.. in place of quotes, file names, names and capitals; and these."""
    quotes: list[str] = []

    def mask(words: str) -> str:
        quotes.append(words)
        return f"QUOTE{len(quotes) - 1}"

    text = re.sub(_QUOTED, lambda found: mask(found[0]), text)
    text = _NAMED.sub(lambda found: found[0][: -len(found["name"])] + mask(found["name"]), text)
    if re.search(r"[a-z]", re.sub(r"QUOTE\d+", "", text)):
        text = _CAPITALS.sub(lambda found: mask(found[0]), text)
    return text, quotes


def unmasked(text: str, quotes: Sequence[str]) -> str:
    """The text with the quotes back in their places."""
    for _ in quotes:
        text = re.sub(r"QUOTE(\d+)", lambda found: quotes[int(found[1])], text)
    return text
