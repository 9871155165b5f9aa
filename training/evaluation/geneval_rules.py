"""GenEval's rules over what a judge found (Ghosh et al. 2023, section 3 and its released scorer)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from training.evaluation.prompts import Prompt, Wanted
from training.evaluation.sightings import COLORS, Box, Sighting

__all__ = ["MAX_OBJECTS", "ColorsOf", "kept", "problems", "relations"]

MAX_OBJECTS = 16
"""Of one class."""
POSITION_SLACK = 0.1
ColorsOf = Callable[[Sequence[Sighting]], list[str]]


def kept(sightings: Sequence[Sighting], confidence: float) -> dict[str, list[Sighting]]:
    """By class, those above the threshold, the surest first, at most 16."""
    found: dict[str, list[Sighting]] = {}
    for each in sorted(sightings, key=lambda sighting: -sighting.confidence):
        if each.confidence > confidence and len(found.get(each.kind, ())) < MAX_OBJECTS:
            found.setdefault(each.kind, []).append(each)
    return found


def problems(prompt: Prompt, found: Mapping[str, Sequence[Sighting]], colors_of: ColorsOf) -> list[str]:
    """Why the picture is wrong; empty when it is right.

    Only the `count` surest of a class are looked at, so extra objects are wrong only where `exclude` says so.
    An entry that failed has no place that a later one could stand beside.
    """
    reasons: list[str] = []
    groups: list[Sequence[Sighting] | None] = []
    for wanted in prompt.include:
        surest = found.get(wanted.kind, ())[: wanted.count]
        problem = missing(wanted, surest, colors_of) or misplaced(wanted, surest, groups)
        groups.append(None if problem else surest)
        if problem:
            reasons.append(problem)
    for unwanted in prompt.exclude:
        number = len(found.get(unwanted.kind, ()))
        if number >= unwanted.count:
            reasons.append(f"expected {unwanted.kind} < {unwanted.count}, found {number}")
    return reasons


def missing(wanted: Wanted, surest: Sequence[Sighting], colors_of: ColorsOf) -> str | None:
    if len(surest) < wanted.count:
        return f"expected {wanted.kind} >= {wanted.count}, found {len(surest)}"
    if wanted.color is None:
        return None
    colors = Counter(colors_of(surest))
    if colors[wanted.color] >= wanted.count:
        return None
    seen = ", ".join(f"{colors[name]} {name}" for name in (*COLORS, "natural") if colors[name])
    asked = f"{wanted.color} {wanted.kind} >= {wanted.count}"
    return f"expected {asked}, found {colors[wanted.color]}; colours: {seen}"


def misplaced(
    wanted: Wanted, surest: Sequence[Sighting], groups: Sequence[Sequence[Sighting] | None]
) -> str | None:
    """Every pair must stand as asked."""
    if wanted.relation is None:
        return None
    anchors = groups[wanted.anchor]
    if anchors is None:
        return f"no target for {wanted.kind} to be {wanted.relation}"
    for each in surest:
        for anchor in anchors:
            true = relations(each.box, anchor.box)
            if wanted.relation not in true:
                seen = " and ".join(sorted(true)) or "neither side of"
                return f"expected {wanted.kind} {wanted.relation} {anchor.kind}, found it {seen} it"
    return None


def relations(first: Box, second: Box) -> set[str]:
    """Where the first stands as seen from the second: none, one or two of the four relations.

    Each component of the offset of the centres loses a tenth of the summed widths or heights, not below 0,
    and is divided by the length of the uncut offset; beyond 0.5 it counts.
    """
    dx = (first.left + first.right - second.left - second.right) / 2
    dy = (first.top + first.bottom - second.top - second.bottom) / 2
    widths = abs(first.right - first.left) + abs(second.right - second.left)
    heights = abs(first.bottom - first.top) + abs(second.bottom - second.top)
    cut_x = math.copysign(max(abs(dx) - POSITION_SLACK * widths, 0), dx)
    cut_y = math.copysign(max(abs(dy) - POSITION_SLACK * heights, 0), dy)
    if max(abs(cut_x), abs(cut_y)) < 1e-3:
        return set()
    length = math.hypot(dx, dy)
    holds = {
        "left of": cut_x / length < -0.5,
        "right of": cut_x / length > 0.5,
        "above": cut_y / length < -0.5,
        "below": cut_y / length > 0.5,
    }
    return {name for name, is_true in holds.items() if is_true}
