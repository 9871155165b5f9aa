"""What a picture must show after an edit: what was there before, with the change that the words ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent.asked import Asked, AskedRelation, AskedThing, asked_of, background_in, style_in
from engines.api import Seen

__all__ = ["after_edit"]

Vocabulary = Mapping[str, Sequence[str]]

_ADD = re.compile(
    r"^(?:please )?(?:also )?(?:add|put|draw|place|paint|insert|include)\b(?: also)? (?P<what>.+)"
)
_REMOVE = re.compile(
    r"^(?:please )?(?:remove|delete|erase|take away|take out|get rid of|drop)\b (?P<what>.+)"
)
_REPLACE = re.compile(
    r"^(?:please )?(?:replace|swap|turn|change|make) (?P<old>.+?) (?:with|into|for|by|to) (?P<new>an? .+)"
)
_RECOLOR = re.compile(
    r"^(?:please )?(?:make|turn|paint|colou?r|recolou?r|change|dye)\b (?P<what>.+?)(?: colou?r)?"
    r"(?: to| into| in)? (?P<color>[a-z]+)$"
)
_ALL_OF_IT = re.compile(r"^(?:it|them|everything|all(?: of (?:it|them))?)$")


def after_edit(instruction: str, source: Seen, vocabulary: Vocabulary) -> Asked | None:
    """What the edited picture must show; None where the words are not understood, or the source not seen."""
    if not source.is_known:
        return None
    words = re.sub(r"[.!?]+$", "", instruction.lower().strip())
    before = as_asked(source)
    if found := _REMOVE.match(words):
        if re.search(r"\bbackground\b", found["what"]):
            return before.model_copy(update={"background": "plain"})
        return without(found["what"], before, vocabulary)
    if found := _REPLACE.match(words):
        swapped = replaced(found["old"], found["new"], before, vocabulary)
        if swapped is not None:
            return swapped
    if (found := _RECOLOR.match(words)) and found["color"] in vocabulary.get("colors", ()):
        return recolored(found["what"], found["color"], before, vocabulary)
    style, rest = style_in(words, vocabulary)
    background, rest = background_in(rest, vocabulary)
    brought = asked_of(rest, vocabulary)
    if brought.things and (found := _ADD.match(words)):
        return with_more(brought, before)
    changes = {"style": style, "background": background}
    named = {name: value for name, value in changes.items() if value is not None}
    return before.model_copy(update=named) if named else None


def as_asked(seen: Seen) -> Asked:
    """A picture as a wish for itself: every look with its number."""
    things = [
        AskedThing(kind=thing.kind, color=thing.color, has_own_color=thing.color is None)
        for thing in seen.things
    ]
    return Asked(things=merged(things), background=seen.background, style=seen.style)


def meant(words: str, before: Asked, vocabulary: Vocabulary) -> list[int] | None:
    """The looks of the picture that the words name; None where they name nothing that is there."""
    if _ALL_OF_IT.match(words):
        return list(range(len(before.things))) or None
    named = asked_of(words, vocabulary).things
    if not named:
        return None
    wanted = named[0]
    fits = [
        index
        for index, thing in enumerate(before.things)
        if thing.kind == wanted.kind and wanted.color in (None, thing.color)
    ]
    return fits or None


def without(words: str, before: Asked, vocabulary: Vocabulary) -> Asked | None:
    """ "The cat" of several cats is one of them, "the cats" are all."""
    gone = meant(words, before, vocabulary)
    if gone is None:
        return None
    named = asked_of(words, vocabulary).things
    number = named[0].count if named and (named[0].is_counted or named[0].count == 1) else None
    things = list(before.things)
    for index in reversed(gone):
        left = 0 if number is None else things[index].count - number
        things[index : index + 1] = [things[index].model_copy(update={"count": left})] if left > 0 else []
        if number is not None:
            break
    return before.model_copy(update={"things": tuple(things)})


def recolored(words: str, color: str, before: Asked, vocabulary: Vocabulary) -> Asked | None:
    changed = meant(words, before, vocabulary)
    if changed is None:
        return None
    things = [
        thing.model_copy(update={"color": color, "has_own_color": False}) if index in changed else thing
        for index, thing in enumerate(before.things)
    ]
    return before.model_copy(update={"things": merged(things)})


def replaced(old: str, new: str, before: Asked, vocabulary: Vocabulary) -> Asked | None:
    """As many of the new thing as there were of the old, in any colour that is not named."""
    changed, brought = meant(old, before, vocabulary), asked_of(new, vocabulary).things
    if changed is None or not brought:
        return None
    things = [
        AskedThing(kind=brought[0].kind, color=brought[0].color, count=thing.count, is_counted=True)
        if index in changed
        else thing
        for index, thing in enumerate(before.things)
    ]
    return before.model_copy(update={"things": merged(things)})


def with_more(brought: Asked, before: Asked) -> Asked:
    """The first thing named is new; one that it stands beside is in the picture already."""
    new = brought.things[0]
    others = list(before.things)
    things = merged([*others, new])
    place = max(i for i, each in enumerate(things) if (each.kind, each.color) == (new.kind, new.color))
    relations = []
    if brought.relations and new.kind not in {each.kind for each in others}:
        anchor = brought.things[brought.relations[0].second]
        second = next((i for i, each in enumerate(things) if each.kind == anchor.kind), None)
        if second is not None:
            relations.append(
                AskedRelation(first=place, relation=brought.relations[0].relation, second=second)
            )
    return before.model_copy(update={"things": things, "relations": tuple(relations)})


def merged(things: Sequence[AskedThing]) -> tuple[AskedThing, ...]:
    """Looks that are the same counted together, to the number."""
    counts: dict[AskedThing, int] = {}
    for thing in things:
        look = thing.model_copy(update={"count": 1, "is_counted": True})
        counts[look] = counts.get(look, 0) + thing.count
    return tuple(look.model_copy(update={"count": count}) for look, count in counts.items())
