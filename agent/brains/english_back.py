"""Reads English wishes that paint nothing: undo, redo, go back, show again."""

from __future__ import annotations

import re

from agent.brains import english_forms as forms
from agent.brains.english_combine import about
from agent.brains.english_references import find_reference
from agent.brains.lexicon import NUMBERS, content_words
from agent.brains.reading import Wish
from agent.brains.references import Album, Reference

__all__ = ["read_go_back"]

_STARTING_FROM = re.compile(
    r"(?:starting |start )?(?:from|on|in|with|for|using|based on|take|out of|of|as for|regarding) it", re.I
)
_BETTER_WITH = re.compile(
    r"\b(?:liked|preferred|loved|better|nicer|prettier)\b.*?\b(?P<how>with|without|when) (?:there (?:was|were) |it "
    r"(?:had|was) )?(?:the |an? |no |its )?(?P<what>[\w ]+)",
    re.I,
)
_WITH_WAS_BETTER = re.compile(
    r"(?:it )?(?P<how>with|without) (?:the |an? |its )?(?P<what>[\w ]+?) (?:was|is|looked) (?:much |way |a lot )?"
    r"(?:better|nicer|prettier|best)\b|\b(?:liked|preferred|loved) it (?:better |more )?(?P<how2>in|as) (?:an? )?"
    r"(?P<what2>[\w ]+)",
    re.I,
)
_WHEN_WITHOUT = re.compile(r"\bwhen there (?:was|were) (?:no|not an?|not any) (?P<what>[\w ]+)", re.I)


def read_go_back(clause: str, album: Album) -> Wish | None:
    """Undo, go back, keep, show again: no paint."""
    undo = forms.UNDO.search(clause)
    named = find_reference(clause)
    missed = _better_with(clause, album)
    if missed:
        return Wish(kind="go_back", reference=missed)
    if undo and not forms.EDIT_AFTER_UNDO.search(clause):
        return Wish(kind="go_back", reference=undone(clause, undo, named.reference if named else None))
    start = re.fullmatch(r"(?:for|on|in|with|as for|regarding|about|from) (the [\w ]+)", clause, re.I)
    meant = about(start[1], album) if start and not named else None
    if meant:
        return Wish(kind="go_back", reference=meant)
    if named and (forms.GO_BACK_TO.search(named.text) or _STARTING_FROM.fullmatch(named.text)):
        return Wish(kind="go_back", reference=named.reference)
    what = forms.GO_BACK_WHAT.search(clause)
    if what and not named and album.context.pictures:
        words = content_words(what["what"] or what["again"] or what["once"])
        known = frozenset[str]().union(*(album.words(each) for each in album.context.pictures))
        is_here = album.current is not None and words <= album.words(album.current)
        if words & known and not (is_here and re.match(r"(?:keep|stick)\b", clause, re.I)):
            return Wish(kind="go_back", reference=Reference(kind="described", words=words & known))
    if forms.REDO.fullmatch(clause) and album.find(Reference(kind="redo")):
        return Wish(kind="go_back", reference=Reference(kind="redo"))
    return None


def _better_with(clause: str, album: Album) -> Reference | None:
    """The version that had (or had not yet) what is missed."""
    without = _WHEN_WITHOUT.search(clause)
    found = without or _WITH_WAS_BETTER.search(clause) or _BETTER_WITH.search(clause)
    said = found.groupdict() if found else {}
    words = content_words(said.get("what") or said.get("what2") or "")
    if not words:
        return None
    if without or (said.get("how") or "").lower() == "without":
        before = Reference(kind="before", words=words)
        return before if album.find(before) else None
    with_it = Reference(kind="described", words=words)
    return with_it if any(words & album.words(each) for each in album.context.pictures) else None


def undone(clause: str, undo: re.Match[str], named: Reference | None) -> Reference:
    """The version that undoing leads to."""
    if re.search(
        r"\b(?:everything|all the way|all (?:of it|changes|the changes|edits|the edits|of that|my changes))\b",
        clause,
        re.I,
    ):
        return Reference(kind="original")
    if named and named.kind not in ("current", "all"):
        return named
    many = re.search(
        r"\b(two|three|four|\d|2|twice)(?: (?:steps?|versions?|times|edits|changes))?\b", clause, re.I
    )
    if many:
        word = many[1].lower()
        return Reference(
            kind="back", index=2 if word == "twice" else int(word) if word.isdecimal() else NUMBERS[word]
        )
    what = re.search(
        r"\b(?:undo|revert|cancel|reverse|take back) (?:adding )?(?:the|that|this) (?P<w>(?!last|change|edit|previous"
        r"|one|step)[\w ]+)",
        clause,
        re.I,
    )
    words = content_words(what["w"]) if what else frozenset[str]()
    return Reference(kind="before", words=words) if words else Reference(kind="back")
