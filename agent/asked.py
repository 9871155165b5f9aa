"""What a prompt of the small world asks for: things with number and colour, their places, scenery, style."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

from pydantic import Field

from agent.brains.lexicon import COMPOUNDS, NUMBERS, singular
from agent.domain import Value

__all__ = ["Asked", "AskedRelation", "AskedThing", "RelationName", "asked_of", "background_in", "style_in"]

RelationName = Literal["left of", "right of", "above", "below"]


class AskedThing(Value):
    """`count` things of a class and perhaps a colour; unless `is_counted` ("a cat", "cats") or more of them.

    `has_own_color`: no colour of the palette, but the one that such things have.
    """

    kind: str
    color: str | None = None
    has_own_color: bool = False
    count: int = Field(default=1, ge=1)
    is_counted: bool = False


class AskedRelation(Value):
    """Where the things at index `first` stand, seen from those at index `second`."""

    first: int
    relation: RelationName
    second: int


class Asked(Value):
    """All that a picture must show; None is what nothing was said of."""

    things: tuple[AskedThing, ...] = ()
    relations: tuple[AskedRelation, ...] = ()
    background: str | None = None
    style: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to compare a picture with."""
        return not self.things and self.background is None and self.style is None


_LEAD = r"(?:(?:on|in|at|under|inside|by|with|against|into) )?(?:an? |the )?(?:\w+ )?"
_BACKGROUNDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("night", re.compile(rf"\b{_LEAD}(?:night(?: sky)?|starry sky)\b")),
    ("sky", re.compile(rf"\b{_LEAD}sky(?: background)?\b")),
    ("grass", re.compile(rf"\b{_LEAD}(?:grass|meadow|lawn)\b")),
    ("sand", re.compile(rf"\b{_LEAD}(?:sand|beach|sandy beach)\b")),
    ("room", re.compile(rf"\b{_LEAD}room\b|\bindoors\b")),
    ("sea", re.compile(rf"\b{_LEAD}(?:sea|ocean|water)\b")),
    ("snow", re.compile(rf"\b{_LEAD}(?:snow|winter)\b")),
    (
        "plain",
        re.compile(rf"\b{_LEAD}(?:plain background|white background)\b|\bon white\b|\bbackground plain\b"),
    ),
)
_RELATIONS: tuple[tuple[RelationName, re.Pattern[str]], ...] = (
    ("left of", re.compile(r"\bleft of\b")),
    ("right of", re.compile(r"\bright of\b")),
    ("above", re.compile(r"\b(?:above|over|on top of)\b")),
    ("below", re.compile(r"\b(?:below|under|underneath|beneath)\b")),
)
_BREAKS = frozenset(
    "and or with of to in on at by near beside above below over under beneath next left right top , |".split()
)
_VAGUE = ("some", "several")
_MOST_WORDS = 3
_PAIRS = re.compile(r"\b(?:a )?(?:pair|couple) of\b")


def asked_of(prompt: str, vocabulary: Mapping[str, Sequence[str]]) -> Asked:
    """Reads an English prompt with the engine's own words; words it lacks are passed over."""
    text = re.sub(r"\"[^\"]*\"|“[^”]*”", " ", prompt.lower())
    text = _PAIRS.sub("two", re.sub(r"[.;:!?]", " , ", text))
    style, text = style_in(text, vocabulary)
    background, text = background_in(text, vocabulary)
    tokens = re.findall(r"[a-z]+|\d+|[,|]", without_compounds(shared_noun(text, vocabulary), vocabulary))
    mentions = mentions_in(tokens, vocabulary)
    return Asked(
        things=tuple(mention.thing for mention in mentions),
        relations=relations_between(mentions, tokens),
        background=background,
        style=style,
    )


def style_in(text: str, vocabulary: Mapping[str, Sequence[str]]) -> tuple[str | None, str]:
    """The style that the words name, and the words without it."""
    for style in vocabulary.get("styles", ()):
        if found := re.search(rf"\b{re.escape(style)}\b(?: style| photo)?", text):
            return style, f"{text[: found.start()]} | {text[found.end() :]}"
    return None, text


def background_in(text: str, vocabulary: Mapping[str, Sequence[str]]) -> tuple[str | None, str]:
    """The place that the words name, and the words without it."""
    for name, pattern in _BACKGROUNDS:
        if name in vocabulary.get("backgrounds", ()) and (found := pattern.search(text)):
            return name, f"{text[: found.start()]} | {text[found.end() :]}"
    return None, text


class Mention(Value):
    """A thing with the tokens it was read from: the first of its phrase and the one after its last."""

    thing: AskedThing
    start: int
    end: int


def shared_noun(text: str, vocabulary: Mapping[str, Sequence[str]]) -> str:
    """ "a red and a blue car" -> "a red car and a blue car"."""
    classes = vocabulary.get("classes", ())
    colors = "|".join(re.escape(each) for each in vocabulary.get("colors", ()) if each not in classes)
    numbers = "|".join(sorted((each for each in NUMBERS if " " not in each), key=len, reverse=True))
    if not colors:
        return text
    phrase = rf"\b({numbers}) ({colors}) and (?:({numbers}) )?({colors}) ([a-z]+)"
    return re.sub(phrase, lambda f: f"{f[1]} {f[2]} {f[5]} and {f[3] or f[1]} {f[4]} {f[5]}", text)


def without_compounds(text: str, vocabulary: Mapping[str, Sequence[str]]) -> str:
    """A bird house is neither a bird nor a house."""
    for compound in COMPOUNDS:
        if compound not in vocabulary.get("classes", ()):
            text = re.sub(rf"\b{re.escape(compound)}s?\b", " ", text)
    return text


def mentions_in(tokens: Sequence[str], vocabulary: Mapping[str, Sequence[str]]) -> list[Mention]:
    """Every class that is named, with the colour and number before it."""
    classes, colors = vocabulary.get("classes", ()), vocabulary.get("colors", ())
    mentions: list[Mention] = []
    position = 0
    while position < len(tokens):
        length = name_length(tokens, position, classes)
        is_color = tokens[position] in colors and name_length(tokens, position + 1, classes)
        if not length or is_color:
            position += 1
            continue
        earliest = mentions[-1].end if mentions else 0
        mentions.append(mention_at(tokens, position, position + length, earliest, colors))
        position += length
    return mentions


def name_length(tokens: Sequence[str], start: int, classes: Sequence[str]) -> int:
    """How many tokens from `start` name a class, 0 if they name none."""
    for length in range(min(_MOST_WORDS, len(tokens) - start), 0, -1):
        if class_name(tokens[start : start + length]) in classes:
            return length
    return 0


def class_name(words: Sequence[str]) -> str:
    return " ".join((*words[:-1], singular(words[-1])))


def mention_at(tokens: Sequence[str], start: int, end: int, earliest: int, colors: Sequence[str]) -> Mention:
    """Looks back from the name to the start of its phrase."""
    color, number, first = None, "", start
    for index in range(start - 1, earliest - 1, -1):
        token = tokens[index]
        if token in _BREAKS:
            break
        first = index
        if token in colors and color is None:
            color = token
        if token.isdecimal() or token in NUMBERS:
            number = token
            break
    is_plural = tokens[end - 1] != singular(tokens[end - 1])
    is_counted = number not in ("", "a", "an", *_VAGUE)
    count = 2 if is_plural else 1
    if is_counted:
        count = int(number) if number.isdecimal() else NUMBERS[number]
    thing = AskedThing(
        kind=class_name(tokens[start:end]), color=color, count=max(1, count), is_counted=is_counted
    )
    return Mention(thing=thing, start=first, end=end)


def relations_between(mentions: Sequence[Mention], tokens: Sequence[str]) -> tuple[AskedRelation, ...]:
    """What stands between a thing and the next: "a cat to the left of a dog"."""
    found: list[AskedRelation] = []
    for index, (mention, following) in enumerate(pairwise(mentions)):
        gap = " ".join(tokens[mention.end : following.start])
        for name, pattern in _RELATIONS:
            if pattern.search(gap):
                found.append(AskedRelation(first=index, relation=name, second=index + 1))
                break
    return tuple(found)
