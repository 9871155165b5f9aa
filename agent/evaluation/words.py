"""Whether a prompt mentions what it must, and asks for nothing it must not."""

from __future__ import annotations

import re

__all__ = ["asks_for", "mentions"]

NEGATION_REACH = 3
NEGATIONS = frozenset(
    "without no not never none remove removing erase delete deleting drop lose omit minus except than from "
    "rid replace don't".split()
)
CLAUSE_END = re.compile(r"[,.;:!?]|\b(?:and|but|with|to|by)\b", re.IGNORECASE)
WORD = re.compile(r"[\w']+")


def mentions(prompt: str, entry: str) -> bool:
    """Whether one of the synonyms of `entry` stands in the prompt as whole words, a plural allowed."""
    return any(pattern(literal).search(prompt) for literal in synonyms(entry))


def asks_for(prompt: str, entry: str) -> bool:
    """Whether the prompt mentions `entry` other than to keep it out, as in "without candles"."""
    return any(
        not is_negated(prompt[: match.start()])
        for literal in synonyms(entry)
        for match in pattern(literal).finditer(prompt)
    )


def synonyms(entry: str) -> list[str]:
    return [literal.strip() for literal in entry.split("|") if literal.strip()]


def pattern(literal: str) -> re.Pattern[str]:
    words = r"[\s-]+".join(map(re.escape, literal.split()))
    return re.compile(rf"(?<!\w){words}(?:s|es)?(?!\w)", re.IGNORECASE)


def is_negated(before: str) -> bool:
    """Whether one of the last words of this clause turns what follows into its opposite."""
    clause = CLAUSE_END.split(before)[-1].lower().replace("\u2019", "'").replace("instead of", "except")
    return not NEGATIONS.isdisjoint(WORD.findall(clause)[-NEGATION_REACH:])
