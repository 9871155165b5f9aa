"""English text cut to size: clauses, politeness at both ends, counts of pictures, what is to be seen."""

from __future__ import annotations

import re

from agent.brains import english_forms as forms
from agent.brains.english_again import COUNTS
from agent.brains.lexicon import NUMBERS

__all__ = [
    "clean_subject",
    "count_of",
    "described",
    "split_clauses",
    "strip_leads",
    "take_count",
]


def split_clauses(text: str) -> list[str]:
    """One clause a wish, as far as punctuation, "then" and verbs tell."""
    return [part for part in (piece.strip(" ,.;!") for piece in forms.SPLIT.split(text)) if part]


def strip_leads(clause: str) -> str:
    """Without greetings, politeness and fillers at both ends."""
    before = None
    while before != clause:
        before = clause
        clause = forms.LEAD.sub("", clause).strip(" ,")
        clause = forms.TAIL.sub("", clause).strip(" ,")
    return clause


def count_of(word: str) -> int:
    word = word.lower().strip()
    if word == "twice":
        return 2
    return int(word) if word.isdecimal() else NUMBERS.get(word, 1)


def take_count(text: str) -> tuple[str, int]:
    """How many pictures ("three versions of"), and the text without it; "two cats" is one picture."""
    for pattern in COUNTS:
        found = re.search(pattern, text, re.I)
        if found:
            rest = f"{text[: found.start()]} {text[found.end() :]}"
            return re.sub(r"\s+", " ", rest).strip(" ,"), count_of(found["n"])
    return text, 1


def clean_subject(text: str) -> str:
    """What is to be seen: without "a picture of", politeness and empty words."""
    before = None
    while before != text:
        before = text
        text = forms.SUBJECT_LEAD.sub("", text).strip(" ,.:;!?")
        text = forms.TAIL.sub("", text).strip(" ,.:;!?")
    return text


def described(text: str) -> str:
    """ "something for the window: a loaf of bread" is a loaf of bread."""
    found = re.match(r"(?:something|anything|one|it|that)\b[^:]*:\s*(?P<what>\S.*)", text, re.I)
    return clean_subject(found["what"]) if found else text
