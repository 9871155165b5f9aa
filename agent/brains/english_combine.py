"""Two pictures in one English wish: which of them is changed, and what both together show."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.brains.brain import PictureView
from agent.brains.chinese_words import translate
from agent.brains.english_references import find_reference
from agent.brains.lexicon import COLORS, content_words
from agent.brains.reading import Wish
from agent.brains.references import Album, Reference
from agent.domain import Origin

__all__ = ["about", "about_place", "all_references", "as_combination", "as_placement", "both_drawn"]

_PLACEMENT = re.compile(
    r"(?:put|place|move|insert|add|paste|copy|drop|set|bring|take|use|transfer|stick) (?P<what>.+)"
    r" (?:in|into|on|onto|to|next to|beside|inside|behind|as (?:the |a )?background (?:for|of"
    r"|in)) (?P<where>.+)",
    re.I,
)
_COMBINATION = re.compile(
    r"(?:one|a single|a) (?:picture|image|drawing) (?:with|of|showing) (?:both|them both"
    r"|the \w+ and the \w+)(?: together| in it)?"
    r"|(?:(?:put|show|draw|bring|paint) )?(?:both|them|the two|all(?: of them)?|everything"
    r"|the \w+ and the \w+)"
    r"(?: together)? (?:in(?:to)?|on) (?:one|a single|the same|a new)(?: (?:new|single))?(?: \w+)?(?=$|,)"
    r"|(?:them |the two |the three |all )?(?:both |all )?together|(?:combine|merge|blend|mix|join|fuse"
    r"|unite)\b.*\b(?:two|both|them|these|all|pictures?"
    r"|images?|photos?|with"
    r"|and)\b|(?:put|bring|show) (?:them|both|these|all of them|the two)(?: \w+)? (?:together"
    r"|in(?:to)? one)\b.*",
    re.I,
)


def all_references(text: str) -> tuple[Reference, ...]:
    """Every explicit naming of a picture, in the order of the sentence."""
    found: list[tuple[int, Reference]] = []
    named = find_reference(text)
    while named and len(found) < 6:
        place = next((i for i, (a, b) in enumerate(zip(text, named.text, strict=False)) if a != b), len(text))
        found.append((place, named.reference))
        text = named.text
        named = find_reference(text)
    return tuple(reference for _, reference in sorted(found, key=lambda each: each[0]))


def as_placement(clause: str, album: Album) -> Wish | None:
    """ "put the cat of the first picture into the second": the picture it goes into is changed."""
    found = _PLACEMENT.fullmatch(clause)
    if not found:
        return None
    taken, goal = find_reference(found["what"]), find_reference(found["where"])
    is_shown_elsewhere = about(found["what"], album) is not None
    if taken is None and not (is_shown_elsewhere and re.match(r"(?:the|that|my)\b", found["what"], re.I)):
        return None
    what = re.sub(r" (?:from|of|in) it\b", "", taken.text) if taken else found["what"]
    if goal is None and not is_shown(found["where"], album):
        return None
    where = goal.text if goal else found["where"]
    text = f"{clause[: found.start('what')]}{what}{clause[found.end('what') : found.start('where')]}{where}"
    text = re.sub(r" (?:in|into|to|onto) it$", "", text)
    reference = goal.reference if goal else about(found["where"], album)
    return Wish(kind="edit", text=text, reference=reference, is_between=bool(taken and goal))


def is_shown(place: str, album: Album) -> bool:
    """Whether a picture of this conversation shows the place, or a pronoun points at it."""
    shown = frozenset[str]().union(*(album.words(each) for each in album.context.pictures))
    is_pointed_at = re.match(r"(?:it|him|her|them|this|that|here|there)\b", place, re.I)
    return bool(is_pointed_at) or bool(content_words(place) & shown)


def as_combination(clause: str, album: Album) -> Wish | None:
    """ "combine the two into one": a new picture of what both show; photos cannot be drawn from words."""
    if not _COMBINATION.match(clause) or len(album.context.pictures) < 2:
        return None
    return both_drawn(clause, all_references(clause), album)


def both_drawn(clause: str, references: Sequence[Reference], album: Album) -> Wish:
    """A new picture of what the named pictures (or else the last ones shown) show together."""
    named = [each for reference in references for each in album.find(reference).ids]
    if len(set(named)) < 2 and re.search(r"[a-z]", clause):
        things = [
            content_words(each)
            for each in re.findall(
                r"\bthe ((?:\w+ )?\w+)", re.sub(r"\b(and|with|into|in|together)\b", ",", clause)
            )
        ]
        if len(things) < 2:
            bare = re.sub(r"^\w+ |\b(?:in(?:to)? |on )?(?:one|a single|the same)\b.*", "", clause)
            things = [content_words(each) for each in re.split(r"\band\b|\bwith\b|,", bare)]
        named = [
            each.id for thing in things for each in album.pictures if thing and thing <= album.words(each)
        ]
    chosen = list(dict.fromkeys(named)) if len(set(named)) > 1 else []
    pictures = [album.by_id[each] for each in chosen] or list(album.group)
    pictures = pictures if len(pictures) > 1 else list(album.context.pictures[-2:])
    if any(_root(each, album).origin is Origin.UPLOADED for each in pictures):
        return Wish(kind="ask", text=clause)
    words = [translate(_root(each, album).prompt) for each in pictures]
    return Wish(kind="generate", text=" and ".join(dict.fromkeys(words)))


def _root(picture: PictureView, album: Album) -> PictureView:
    return album.root(picture) or picture


def about(text: str, album: Album) -> Reference | None:
    """ "the cat" when only another picture has a cat, "the red car" when the current one is blue."""
    if album.current is None or album.context.uploads:
        return None
    text = re.sub(r"\bthe (?:background|sky|colou?r|edge|top|side) (?:of|in|around) ", "", text)
    for found in re.finditer(r"\b(?:the|that)(?=((?: (?!of\b|the\b|that\b)[\w-]+){1,3}))", text, re.I):
        words = shown_elsewhere(found[1], album)
        if words:
            return Reference(kind="described", words=words)
    return None


def shown_elsewhere(phrase: str, album: Album) -> frozenset[str]:
    """The words of a phrase by which it can only mean another picture than the one looked at; else none."""
    known = frozenset[str]().union(*(album.words(each) for each in album.pictures))
    here = album.words(album.current) if album.current else frozenset[str]()
    words = content_words(noun_phrase(phrase)) & known
    if not words or words <= here:
        return frozenset()
    is_elsewhere = any(words <= album.words(each) for each in album.pictures)
    return frozenset() if words & here and not is_elsewhere else words


def noun_phrase(words: str) -> str:
    """Up to the thing named: of "car green" only the car, of "red car" both."""
    kept: list[str] = []
    for word in words.split():
        if word.lower() in COLORS and any(each.lower() not in COLORS for each in kept):
            break
        kept.append(word)
    return " ".join(kept)


def about_place(text: str, album: Album) -> Reference | None:
    """Of "add fog to the bridge" the bridge, when only another picture shows it."""
    found = re.search(
        r"\b(?:to|on|onto|in|into|inside|behind|beside|next to|under|above|over|near|around|at|through"
        r"|by|off|of)"
        r" ((?:the|that) .+)$",
        text,
    )
    return about(found[1], album) if found else None
