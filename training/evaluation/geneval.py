"""GenEval's rules (Ghosh et al. 2023, section 3) over what the judge has seen.

What differs: the judge's own frozen confidence threshold takes the place of 0.3 (0.9 for counting), boxes
are squares, and colours come from the judge's colour head, which also knows "natural"; natural passes for a
colour only where the two are hard to tell apart (NATURAL_LOOKS).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from training.evaluation.prompts import Prompt, Wanted
from training.stickers.detector import Detection, Reading

POSITION_SLACK = 0.1
NATURAL_LOOKS = {
    "star": "yellow",
    "orange": "orange",
    "computer mouse": "white",
    "toilet": "white",
    "fire hydrant": "red",
    "baseball glove": "brown",
    "bear": "brown",
    "fish": "blue",
    "sheep": "white",
    "handbag": "brown",
    "cat": "yellow",
    "refrigerator": "white",
    "teddy bear": "brown",
    "giraffe": "orange",
    "heart": "red",
    "hat": "black",
    "stop sign": "red",
    "book": "white",
    "donut": "brown",
}
"""Glyphs whose own pixels differ from the recoloured ones by less than a tenth of the range."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a picture shows what its prompt asks for, and if not, why."""

    is_correct: bool
    reason: str = ""


def judge(prompt: Prompt, reading: Reading) -> Verdict:
    """Every entry of `include` is looked for in turn; then `exclude`, background and style."""
    reasons: list[str] = []
    groups: list[list[Detection] | None] = []
    for wanted in prompt.include:
        found = [each for each in reading.things if each.kind == wanted.kind][: wanted.count]
        problem = missing(wanted, found) or misplaced(wanted, found, groups)
        groups.append(None if problem else found)
        if problem:
            reasons.append(problem)
    for unwanted in prompt.exclude:
        number = sum(each.kind == unwanted.kind for each in reading.things)
        if number >= unwanted.count:
            reasons.append(f"expected {unwanted.kind} < {unwanted.count}, found {number}")
    if prompt.background not in (None, reading.background):
        reasons.append(f"expected background {prompt.background}, found {reading.background}")
    signs = [each.word for each in reading.things if each.word is not None]
    if prompt.word is not None and prompt.word not in signs:
        reasons.append(f"expected a sign saying {prompt.word}, found {', '.join(signs) or 'none'}")
    if prompt.style not in (None, reading.style):
        reasons.append(f"expected style {prompt.style}, found {reading.style}")
    return Verdict(is_correct=not reasons, reason="; ".join(reasons))


def missing(wanted: Wanted, found: Sequence[Detection]) -> str | None:
    """Too few of the class, or among the surest ones too few of the colour."""
    if len(found) < wanted.count:
        return f"expected {wanted.kind} >= {wanted.count}, found {len(found)}"
    if wanted.color is None:
        return None
    colors = [has_color(each, wanted.color) for each in found]
    if sum(colors) < wanted.count:
        return f"expected {wanted.color} {wanted.kind} >= {wanted.count}, found {sum(colors)}"
    return None


def has_color(detection: Detection, color: str) -> bool:
    return (detection.color or NATURAL_LOOKS.get(detection.kind)) == color


def misplaced(
    wanted: Wanted, found: Sequence[Detection], groups: Sequence[Sequence[Detection] | None]
) -> str | None:
    """Every kept pair must stand as asked; a reference that failed its own check fails this one too."""
    if wanted.relation is None:
        return None
    anchors = groups[wanted.anchor]
    if anchors is None:
        return f"no target for {wanted.kind} to be {wanted.relation}"
    for each in found:
        for anchor in anchors:
            if wanted.relation not in relations(each, anchor):
                return f"expected {wanted.kind} {wanted.relation} {anchor.kind}"
    return None


def relations(first: Detection, second: Detection) -> set[str]:
    """Where the first stands as seen from the second: none, one or two of GenEval's four relations.

    Each component of the offset of the centres is cut by a tenth of the summed sizes and divided by the
    length of the uncut offset; beyond 0.5 it counts.
    """
    dx, dy = first.x - second.x, first.y - second.y
    length = math.hypot(dx, dy)
    slack = POSITION_SLACK * (first.size + second.size)
    cut_x, cut_y = (math.copysign(max(abs(value) - slack, 0), value) for value in (dx, dy))
    if max(abs(cut_x), abs(cut_y)) < 1e-3:
        return set()
    found = {
        "left of": cut_x / length < -0.5,
        "right of": cut_x / length > 0.5,
        "above": cut_y / length < -0.5,
        "below": cut_y / length > 0.5,
    }
    return {name for name, holds in found.items() if holds}
