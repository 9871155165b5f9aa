"""The rules' decision, looked at again: read otherwise where messages like this one were meant otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from agent.brains import reasons
from agent.brains.deciding import Deciding
from agent.brains.intent.features import Heard
from agent.brains.intent.model import IntentModel
from agent.brains.reading import Reading, Wish
from agent.brains.references import Reference, Resolved
from agent.brains.rules import Ruled
from agent.brains.whole_message import read_as
from agent.domain import Decision, Route

__all__ = ["second_reading"]

OF_PICTURES = frozenset({Route.EDIT, Route.UNDERSTAND, Route.GO_BACK})
DRAWS = frozenset({Route.GENERATE, Route.EDIT})
SURE_OF_DRAWING = 0.88
"""So likely must a picture be where the rules hear talk; one too many is worse than one too few."""
SURE_AGAINST_ORDER, SURE_AGAINST_PLAIN = 0.9, 0.6
"""So likely must another route be than a plain order, or than what else the rules hear plainly."""
SURE_OF_ANOTHER = 0.7
"""So likely must another picture be than the one that the rules took."""
LIKELY_MEANT = 0.5
STANDS_OUT = 0.5
"""So large must its part of all chances be."""
_SEVERAL_PICTURES = re.compile(
    r"\b(?:both|all|each|every|any|them|they|these|those|two|three|four|pair|others|outer|which|who|whose"
    r"|and|or|vs|compare|difference|twins?|\w+er)\b|[&+,/]|都|两|三|全|各|每|和|跟|与|哪|它们|这些|比",
    re.I,
)
_APART = re.compile(r"\b(?:separate(?:ly)?|two|both|each|another|alternatives?|pictures)\b|各|分别|两", re.I)


def second_reading(ruled: Ruled, model: IntentModel) -> Decision:
    """The decision to go by."""
    reading, rules = ruled.reading, ruled.decision
    context = ruled.album.context
    if reading is None or not context.message.strip() or context.mask_of is not None:
        return rules
    heard = Heard(ruled.album)
    is_exact = any(wish.kind == "again" or wish.operation or wish.is_between for wish in reading.wishes)
    if is_exact or asks_for_no_one_picture(heard, rules):
        return rules
    route = likely_route(model.route_chances(heard, rules, reading.is_guess), ruled)
    if route is not rules.route:
        reading = read_as(route, ruled)
        if reading is None:
            return rules
    elif is_one_scene(reading, ruled):
        reading = replace(reading, wishes=(in_one(reading.wishes),))
    elif len(reading.wishes) > 1 or route not in OF_PICTURES:
        return rules
    if route not in OF_PICTURES or not ruled.album.pictures:
        return Deciding(ruled.album, reading, ruled.language).decide()
    return about_likely_pictures(ruled, reading, route, model.picture_chances(heard, rules, route))


def asks_for_no_one_picture(heard: Heard, rules: Decision) -> bool:
    """A picture was named by a number that none has, or several have."""
    kind, ids = heard.by_rule
    return rules.route is Route.ASK and kind in ("number", "ordinal") and len(ids) != 1


def likely_route(chances: Mapping[Route, float], ruled: Ruled) -> Route:
    """The likeliest, if that is likely enough to stand against what the rules hear plainly."""
    said = ruled.decision.route
    best = max(chances, key=lambda route: chances[route])
    is_guess = ruled.reading is not None and ruled.reading.is_guess
    if said is Route.CHAT and best in DRAWS:
        return best if is_guess and chances[best] >= SURE_OF_DRAWING else said
    if best is Route.ASK and said in DRAWS and not is_guess:
        return said
    needed = 0.0 if is_guess else SURE_AGAINST_ORDER if said in DRAWS else SURE_AGAINST_PLAIN
    return best if chances[best] >= needed else said


def about_likely_pictures(
    ruled: Ruled, reading: Reading, route: Route, chances: Mapping[str, float]
) -> Decision:
    """The reading, of the pictures that are likeliest meant; the rules' own where they stay likely."""
    rules = ruled.decision
    ids, chance = likely_pictures(ruled, route, chances)
    is_change = set(ids) != set(rules.targets) and chance >= SURE_OF_ANOTHER
    if route is rules.route and not is_change:
        return rules
    why = reasons.likely.told(ruled.language)
    [wish] = reading.wishes
    reference = Reference(kind="several" if len(ids) > 1 else "number")
    reading = replace(reading, wishes=(replace(wish, reference=reference, others=()),))
    meant = Resolved(ids=ids, reason=why, confidence=chance)
    return Deciding(ruled.album, reading, ruled.language, meant).decide()


def likely_pictures(
    ruled: Ruled, route: Route, chances: Mapping[str, float]
) -> tuple[tuple[str, ...], float]:
    """Those meant in order of birth and how likely they are; none where no one stands out."""
    if route is not Route.GO_BACK and _SEVERAL_PICTURES.search(ruled.album.context.message):
        ids = tuple(each for each in chances if chances[each] > LIKELY_MEANT)
        if len(ids) > 1:
            return ids, min(chances[each] for each in ids)
    first = max(chances, key=lambda each: chances[each])
    share = chances[first] / sum(chances.values())
    return ((first,), max(share, chances[first])) if share >= STANDS_OUT else ((), 0.0)


def is_one_scene(reading: Reading, ruled: Ruled) -> bool:
    """ "Oak workbench. Hand planes behind it." is one picture, though each part could be one."""
    first, *others = reading.wishes
    return (
        first.kind == "generate"
        and bool(others)
        and all(each.kind == "generate" and each.is_guess and each.num_pictures == 1 for each in others)
        and not _APART.search(ruled.album.context.message)
    )


def in_one(scene: Sequence[Wish]) -> Wish:
    return replace(scene[0], text=", ".join(each.text for each in scene))
