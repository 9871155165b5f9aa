"""The gate on words that needs no model: English and Chinese patterns over several readings of a text.

Refused are sexual content with minors, undressing somebody, and sexual content with real people, also as a
question of how it is done. Rules see words and not meaning: how many they miss, and how often they refuse
what is harmless, `python -m tests.bench.gate_words` tells.
"""

from __future__ import annotations

from agent.gates.gate import PASSED, Harm, Subject, Verdict
from agent.gates.plain import readings
from agent.gates.vocabulary import (
    ALWAYS_MINORS,
    ALWAYS_UNDRESSING,
    BARE,
    CLOTHED,
    HARMLESS,
    MINOR,
    REAL,
    SEXUAL,
    UNDRESSING,
)

__all__ = ["RuleGate", "undresses_minors"]


class RuleGate:
    """A small default; a model behind a moderation endpoint understands more."""

    looks = False

    def check(self, subject: Subject) -> Verdict:
        shown = subject.shown
        words = HARMLESS.sub(" ", readings(subject.text))
        is_sexual = SEXUAL.search(words) is not None
        if ALWAYS_MINORS.search(words) or (is_sexual and has_minor(words, shown)):
            return Verdict(harm=Harm.MINORS)
        if ALWAYS_UNDRESSING.search(words) or any(each.search(words) for each in UNDRESSING):
            return Verdict(harm=Harm.UNDRESSING)
        if subject.is_upload and BARE.search(words):
            return Verdict(harm=Harm.UNDRESSING)
        if is_sexual and any(each.search(words) for each in REAL):
            return Verdict(harm=Harm.REAL_PERSON)
        return PASSED


def undresses_minors(unwanted: str, prompt: str) -> bool:
    """Whether a picture of minors shall show no clothes: what is not wanted undresses as well as words do."""
    return CLOTHED.search(readings(unwanted)) is not None and has_minor("", prompt)


def has_minor(words: str, shown: str) -> bool:
    return any(MINOR.search(each) for each in (words, HARMLESS.sub(" ", readings(shown)) if shown else ""))
