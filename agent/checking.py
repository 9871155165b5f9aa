"""The self-check: the eyes look at what was made, beside what was asked for, before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image

from agent.adjust import flat
from agent.asked import Asked, asked_of
from agent.asked_edits import after_edit
from agent.calls import Call, Finished
from agent.domain import Check, Finding, PictureOptions, Quality
from agent.eyes import Verdict, check
from engines.api import Eyes, Sample

__all__ = ["Attempt", "Checker", "better", "num_tries"]

WITH_REPAIR = 2
WITH_CHEAP_REPAIRS = 4
"""A picture in which something is missing is made again until one passes, so often in all, and the best is
kept. Students draw three for the price of one by their teacher."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One picture that could be kept; `number` counts from 1. Without eyes there is no verdict.

    Of the one that is kept, `first` is what the eyes said of the first of `num_tries`, and `seconds` how long
    all of them took.
    """

    sample: Sample
    finished: Finished
    verdict: Verdict | None
    number: int
    seconds: float = 0.0
    first: Verdict | None = None
    num_tries: int = 1

    @property
    def is_good(self) -> bool:
        """Whether nobody can say what is wrong with it."""
        return self.verdict is None or self.verdict.passes

    def to_check(self) -> Check | None:
        """For the record: what could be told."""
        if self.verdict is None:
            return None
        told = tuple(
            Finding(asked=each.asked, seen=each.seen, is_met=each.met)
            for each in self.verdict.findings
            if each.met is not None
        )
        return Check(findings=told, score=self.verdict.score, attempt=self.number)


class Checker:
    """Knows the eyes, if there are any."""

    def __init__(self, eyes: Eyes | None) -> None:
        self.eyes = eyes

    def expected(self, call: Call, options: PictureOptions) -> Asked | None:
        """What the eyes are to find in what `call` makes; None where nothing is checked or nothing is known.

        A painted mask may cut through what the words name, exact work needs no check, and eyes that speak
        freely list nothing that could be compared.
        """
        if self.eyes is None or not options.is_checked or call.operation or call.mask:
            return None
        if not self.eyes.vocabulary:
            return None
        if call.before is None:
            return asked_of(call.caption or call.words, self.eyes.vocabulary)
        return after_edit(call.words, self.eyes.look(call.before), self.eyes.vocabulary)

    def verdict(self, image: Image.Image, expected: Asked | None, language: str) -> Verdict | None:
        """What the eyes say, or None where they cannot tell anything."""
        if self.eyes is None or expected is None:
            return None
        seen = self.eyes.look(flat(image))
        if not seen.is_known:
            return None
        verdict = check(expected, seen, self.eyes.vocabulary, language)
        return verdict if verdict.is_checked else None


def num_tries(call: Call, options: PictureOptions, expected: Asked | None) -> int:
    """How often a picture may be made: a seed that the user has chosen is kept to."""
    if expected is None or options.seed is not None:
        return 1
    is_cheap = call.before is None and options.quality is not Quality.FULL
    return max(WITH_CHEAP_REPAIRS if is_cheap else WITH_REPAIR, options.best_of)


def better(first: Attempt, second: Attempt) -> Attempt:
    """The one with the higher score, the first of equals."""
    scores: Mapping[int, float] = {
        each.number: 1.0 if each.verdict is None else each.verdict.score for each in (first, second)
    }
    return second if scores[second.number] > scores[first.number] else first
