"""Plain rules for captions: length, tense, and words that speak of anything but what can be seen."""

from __future__ import annotations

import re
from dataclasses import dataclass

from training.data.curation.caption_words import Captions

__all__ = ["CaptionRules", "Words", "faults_of"]

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|«[^»]*»")
OF_THE_PICTURE = re.compile(
    r"\b(the|this|an?) (\w+ )?(image|picture|photo|photograph|illustration|drawing|scene|view) "
    r"(shows?|depicts?|displays?|features?|contains?|presents?|captures?|portrays?|is|has|consists)\b"
    r"|\b(in|of) (the|this) (image|picture|photo|photograph|illustration|drawing)\b"
    r"|\b(we|you|one) (can )?sees?\b|\bcan be seen\b",
    re.IGNORECASE,
)
PAST_OR_FUTURE = re.compile(
    r"\b(was|were|had|did|will|shall|would|has been|have been|is going to|are going to|went|stood|sat|lay)\b",
    re.IGNORECASE,
)
GUESSES = re.compile(
    r"\b(perhaps|maybe|possibly|probably|presumably|likely|seem(s|ing)?|seemingly|might|appears? to|as if|"
    r"suggest(s|ing)?|impl(y|ies|ying)|evok(es?|ing)|convey(s|ing)?|mood|atmosphere|sense of|feeling of)\b",
    re.IGNORECASE,
)
MARKUP = re.compile(r"[\n\r\t*#`<>|{}\[\]]|https?://")
MOST_REPEATS = 3


@dataclass(frozen=True, kw_only=True)
class Words:
    """From so many to so many."""

    fewest: int
    most: int

    def __str__(self) -> str:
        return f"{self.fewest} to {self.most}"


@dataclass(frozen=True, kw_only=True)
class CaptionRules:
    """Words of each length. `claims_things`: captions that claim nothing cannot be checked: refused."""

    short: Words = Words(fewest=2, most=14)
    medium: Words = Words(fewest=5, most=40)
    long: Words = Words(fewest=14, most=130)
    claims_things: bool = True

    @property
    def words(self) -> dict[str, Words]:
        return {"short": self.short, "medium": self.medium, "long": self.long}


def faults_of(captions: Captions, rules: CaptionRules) -> tuple[str, ...]:
    """The rules that are broken, by name, each once."""
    faults = list[str]()
    for length, text in captions.by_length.items():
        count, wanted = len(WORD.findall(text)), rules.words[length]
        if count < wanted.fewest:
            faults.append(f"{length} caption too short")
        if count > wanted.most:
            faults.append(f"{length} caption too long")
        faults += faults_of_style(text)
    if not count_words(captions.short) <= count_words(captions.medium) <= count_words(captions.long):
        faults.append("lengths out of order")
    if rules.claims_things and not captions.things:
        faults.append("claims nothing")
    if any(not names(captions.long, thing.name) for thing in captions.things):
        faults.append("claims what the long caption does not name")
    return tuple(dict.fromkeys(faults))


def faults_of_style(text: str) -> list[str]:
    """What a sign says is nobody's tense."""
    faults, plain = [], QUOTED.sub(" ", text)
    if OF_THE_PICTURE.search(plain):
        faults.append("speaks of the picture")
    if PAST_OR_FUTURE.search(plain):
        faults.append("not in the present tense")
    if GUESSES.search(plain):
        faults.append("guesses or moods")
    if MARKUP.search(plain):
        faults.append("markup")
    if is_looping(text):
        faults.append("repeats itself")
    return faults


def count_words(text: str) -> int:
    return len(WORD.findall(text))


def names(text: str, name: str) -> bool:
    """Whether the last word of the name stands there, in singular or plural."""
    last = WORD.findall(name.lower())[-1:]
    return any(forms(last[0]) & forms(word) for word in WORD.findall(text.lower())) if last else False


def forms(word: str) -> set[str]:
    """The word and all that it could be the plural of."""
    endings = {"s": "", "es": "", "ies": "y"}
    bare = {word.removesuffix(old) + new for old, new in endings.items() if word.endswith(old)}
    return {word, *(each for each in bare if len(each) > 1)}


def is_looping(text: str) -> bool:
    """The same four words again and again: a model that has lost its way."""
    words = [word.lower() for word in WORD.findall(text)]
    fours = [tuple(words[start : start + 4]) for start in range(len(words) - 3)]
    return any(fours.count(four) > MOST_REPEATS for four in set(fours))
