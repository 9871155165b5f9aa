"""What a picture shows after an edit, told from the words alone."""

from __future__ import annotations

import re

from agent.brains.lexicon import COLORS, content_words

__all__ = ["after_edit"]

_REMOVAL = re.compile(
    r"\b(?:remove|delete|erase|without|drop|lose|take (?:away|off|out)|get rid of|no)\b(?P<what>.*)", re.I
)
_EXCHANGE = re.compile(
    r"\b(?:replace|swap|exchange|change|turn)\b (?P<old>.+?) (?:with|for|by|into|to) (?P<new>.+)", re.I
)


def after_edit(before: frozenset[str], instruction: str) -> frozenset[str]:
    """The words of a picture after an edit of these words."""
    words = before
    for part in re.split(r",| and (?=[a-z]+ )", instruction):
        exchange, removal = _EXCHANGE.search(part), _REMOVAL.search(part)
        if exchange:
            old, new = content_words(exchange["old"]), content_words(exchange["new"])
            gone = old if new - frozenset(COLORS) else frozenset[str]()
            words = (words - gone - colors_of(new, words)) | new
        elif removal:
            words = words - content_words(removal["what"])
        else:
            new = content_words(part)
            is_recolored = bool(new & frozenset(COLORS)) and not re.match(
                r"\W*(?:add|put|place)\b", part, re.I
            )
            words = (words - colors_of(new, words) if is_recolored else words) | new
    return words


def colors_of(new: frozenset[str], old: frozenset[str]) -> frozenset[str]:
    """The old colours that a new colour replaces."""
    colors = frozenset(COLORS)
    return old & colors if new & colors else frozenset()
