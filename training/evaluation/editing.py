"""How well a picture was edited: success and restraint, each 0 to 10; the smaller of the two is the score.

success  = 10 * changed * kept
  changed: the share of the asked-for facts that the judge sees (`changed_facts`), 0 when the first one fails
  kept:    found / (all things to keep + things that should not be there); 1 for an empty, clean picture
restraint = 10 * max(0, 1 - max(0, e - dead) / 0.10)
  e:       mean absolute difference (0..1) to the true target outside the mask, which is grown by 8 px;
           for Add also outside the box where the new thing was found, since words leave its place open;
           for Style, which changes everywhere, inside too, since its true target is known exactly
  dead:    0.02, what an autoencoder of 30 dB costs, or the e of the true target through the engine's own
               autoencoder where that is more: fine detail that it cannot hold is not the edit's fault
score    = min(success, restraint)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from training.evaluation.geneval import relations
from training.evaluation.judge_error import find_things
from training.seeds import rng_for
from training.stickers.detector import Detection, Reading
from training.stickers.edits import Edit, EditType, edit_mask, sample_edit
from training.stickers.render import render
from training.stickers.scene import PICTURE_PX, Thing

STREAM = "score-edits"
DEAD_ZONE = 0.02
WORST_ERROR = 0.10
_GROWTH_PX = 8
_SIDES = {
    r"left of": {"left of"},
    r"right of": {"right of"},
    r"above|over|on top of": {"above"},
    r"below|under|beneath": {"below"},
    r"next to|beside": {"left of", "right of"},
}


@dataclass(frozen=True, kw_only=True)
class EditScore:
    """One edited picture's marks, 0 to 10; `restraint` is 10 where nothing else was touched."""

    success: float
    restraint: float
    error_outside: float

    @property
    def score(self) -> float:
        return min(self.success, self.restraint)


def own_edits(num_per_type: int, seed: int) -> list[Edit]:
    """`num_per_type` triplets of each type from seeds that no engine trains on."""
    return [
        sample_edit(rng_for(f"{STREAM}-{type.value}", seed, index), type)
        for type in EditType
        for index in range(num_per_type)
    ]


def score_edit(edit: Edit, picture: Image.Image, reading: Reading, decoded: Image.Image | None) -> EditScore:
    """Marks for `picture`, which the judge reads as `reading`; `decoded` is the true target, decoded."""
    success = 10 * changed_share(edit, reading) * kept_share(edit, reading)
    error = error_outside(edit, picture, reading)
    dead = DEAD_ZONE if decoded is None else max(DEAD_ZONE, error_outside(edit, decoded, reading))
    restraint = 10 * max(0.0, 1 - max(0.0, error - dead) / WORST_ERROR)
    return EditScore(success=success, restraint=restraint, error_outside=error)


def changed_share(edit: Edit, reading: Reading) -> float:
    facts = changed_facts(edit, reading)
    return sum(facts) / len(facts) if facts[0] else 0.0


def changed_facts(edit: Edit, reading: Reading) -> list[bool]:
    """What the instruction asks for, the most important fact first."""
    match edit.type:
        case EditType.ADD:
            return added_facts(edit, reading)
        case EditType.REMOVE:
            (gone,) = set(edit.source.things) - set(edit.target.things)
            left = sum(thing.kind == gone.kind for thing in edit.target.things)
            return [sum(each.kind == gone.kind for each in reading.things) <= left]
        case EditType.COLOR:
            (wanted,) = set(edit.target.things) - set(edit.source.things)
            (found,) = find_things([wanted], reading.things)
            return [found is not None and found.color == wanted.color]
        case EditType.BACKGROUND:
            return [reading.background == edit.target.background]
        case EditType.STYLE:
            return [reading.style == edit.target.style]


def added_facts(edit: Edit, reading: Reading) -> list[bool]:
    """One more of its class; its colour, unless sepia hides it; its side, where the instruction names one."""
    (new,) = set(edit.target.things) - set(edit.source.things)
    added = added_thing(edit, reading)
    facts = [added is not None]
    if edit.target.style != "sepia":
        facts.append(added is not None and added.color == new.color)
    asked = asked_side(edit)
    if asked is not None:
        anchors = [found for found in find_things([asked.anchor], reading.things) if found is not None]
        facts.append(added is not None and any(relations(added, each) & asked.sides for each in anchors))
    return facts


def added_thing(edit: Edit, reading: Reading) -> Detection | None:
    """The thing of the new one's class that was not there before; of several the one in the right colour."""
    (new,) = set(edit.target.things) - set(edit.source.things)
    before = [found for found in find_things(edit.source.things, reading.things) if found is not None]
    others = [each for each in reading.things if each.kind == new.kind and each not in before]
    return min(others, key=lambda each: each.color != new.color, default=None)


@dataclass(frozen=True, kw_only=True)
class AskedSide:
    """On which side (one, or either of two) of which thing the instruction wants the new one."""

    sides: frozenset[str]
    anchor: Thing


def asked_side(edit: Edit) -> AskedSide | None:
    for pattern, sides in _SIDES.items():
        found = re.search(rf"\b(?:{pattern}) the (.+)$", edit.instruction)
        if found:
            named = [thing for thing in edit.source.things if found[1] in names(thing)]
            return AskedSide(sides=frozenset(sides), anchor=named[0]) if named else None
    return None


def names(thing: Thing) -> set[str]:
    return {thing.kind, f"{thing.color} {thing.kind}"}


def kept_share(edit: Edit, reading: Reading) -> float:
    """How many of the things to keep stand where they stood; every thing too many counts against it."""
    kept = [thing for thing in edit.target.things if thing in edit.source.things]
    has_colors = edit.target.style != "sepia"
    found = sum(
        each is not None and (not has_colors or each.color == thing.color)
        for thing, each in zip(kept, find_things(kept, reading.things), strict=True)
    )
    extra = max(0, len(reading.things) - len(edit.target.things))
    return found / (len(kept) + extra) if kept else 1 / (1 + extra)


def error_outside(edit: Edit, picture: Image.Image, reading: Reading) -> float:
    """Mean absolute difference (0..1) to the true target where nothing should differ."""
    target = np.asarray(render(edit.target), np.float32)
    picture = picture.convert("RGB").resize((PICTURE_PX, PICTURE_PX), Image.Resampling.BICUBIC)
    difference = np.abs(np.asarray(picture, np.float32) - target).mean(axis=2) / 255
    if edit.type is EditType.STYLE:
        return float(difference.mean())
    outside = ~grown(edit_mask(edit))
    if edit.type is EditType.ADD:
        outside &= ~grown(box_mask(added_thing(edit, reading)))
    return float(difference[outside].mean()) if outside.any() else 0.0


def grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask with 8 px more on every side."""
    picture = Image.fromarray(mask.astype(np.uint8) * 255)
    return np.asarray(picture.filter(ImageFilter.MaxFilter(2 * _GROWTH_PX + 1))) > 0


def box_mask(thing: Detection | None) -> NDArray[np.bool_]:
    mask = np.zeros((PICTURE_PX, PICTURE_PX), np.bool_)
    if thing is not None:
        left, top = (max(0, round(value - thing.size / 2)) for value in (thing.x, thing.y))
        mask[top : round(thing.y + thing.size / 2), left : round(thing.x + thing.size / 2)] = True
    return mask
