"""Where words of others are shown, and what is planted there."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, auto

from tests.browser.payloads.every import VECTORS

__all__ = ["APART", "Place", "expect_words", "numbered", "packs", "payloads", "plain"]

APART = "\n\n"


class Place(IntEnum):
    """Where words of others are shown."""

    MESSAGE = auto()
    REASON = auto()
    PICTURE = auto()
    REPLY = auto()
    TITLE = auto()
    KEY = auto()
    SEARCH = auto()
    MODEL = auto()
    TRIED_MODEL = auto()
    TOAST = auto()
    FILE = auto()
    REFUSED_FILE = auto()
    CONTENT = auto()
    INFOTEXT = auto()
    ADDRESS = auto()
    PERSON = auto()
    WAY_BACK = auto()
    IMPORTED_TITLE = auto()
    IMPORTED_MESSAGE = auto()
    IMPORTED_REASON = auto()
    IMPORTED_STEP = auto()
    IMPORTED_REPLY = auto()
    IMPORTED_RECIPE = auto()
    IMPORTED_CAPTION = auto()
    IMPORTED_FINDING = auto()
    PROPOSED = auto()
    FAILED = auto()
    BROKEN_RECORD = auto()


def numbered(place: Place, index: int) -> int:
    return 1_000 * place + index


def payloads(place: Place, every: int = 1) -> list[str]:
    """One of each vector, or of one in so many, with a number of its own."""
    first = place % every
    return [VECTORS[at].numbered(numbered(place, at)) for at in range(first, len(VECTORS), every)]


def packs(listed: Sequence[str], most: int, between: str = APART) -> list[str]:
    """As many together as there is room for; one that has none by itself stands alone."""
    packed: list[str] = []
    for each in listed:
        if packed and len(packed[-1]) + len(between) + len(each) <= most:
            packed[-1] += between + each
        else:
            packed.append(each)
    return packed


def plain(words: str) -> str:
    """As a browser tells words: spaces are one."""
    return " ".join(words.split())


def expect_words(planted: Sequence[str], found: Sequence[str], most: int | None = None) -> None:
    """All of them are there, to the letter."""
    wanted = [plain(each)[:most].rstrip() for each in planted]
    together = "\n".join(map(plain, found))
    assert [each for each in wanted if each not in together] == []
