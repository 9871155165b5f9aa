"""How well a picture was edited: success and restraint, each 0 to 10; the smaller of the two is the score.

success  = 10 * changed * kept
  changed: the share of the asked-for facts that are seen (`changed_facts`), 0 when the first one fails; for
           Global, whose facts are light and place, whether the picture is nearer to the true target than to
           the source
  kept:    found / (all things to keep + things that should not be there); 1 for an empty, clean picture
restraint = 10 * max(0, 1 - max(0, e - dead) / 0.10)
  e:       mean absolute difference (0..1) to the true target outside the mask, which is grown by 8 px;
           for Add also outside the box where the new thing was found, since words leave its place open;
           for Style and Global, which change everywhere, inside too, since their true target is known exactly
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

from training.evaluation.geneval_rules import relations
from training.evaluation.judge_error import find_things
from training.evaluation.sightings import sighting_of
from training.seeds import rng_for
from training.stickers.catalogue import WHOLE, World, shows_colors, shows_words
from training.stickers.detector import Detection, Reading
from training.stickers.edits import WHOLE_PICTURE, Edit, EditType, edit_mask, sample_edit
from training.stickers.render import render
from training.stickers.scene import Thing

STREAM = "score-edits"
DEAD_ZONE = 0.02
WORST_ERROR = 0.10
REASONING_TYPES = (EditType.REMOVE, EditType.COLOR, EditType.LOCAL)
"""Of the edits shown apart, whose thing can only be told by a look at the scene."""
_CLEAR_CHANGE = 1.18
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


def own_edits(num_per_type: int, seed: int, world: World = WHOLE) -> list[Edit]:
    """`num_per_type` triplets of each of the world's types from seeds that no engine trains on."""
    return [
        sample_edit(rng_for(f"{STREAM}-{name}", seed, index), EditType(name), world=world)
        for name in world.edits
        for index in range(num_per_type)
    ]


def reasoning_edits(count: int, seed: int, world: World = WHOLE) -> list[Edit]:
    """Triplets whose instructions name no class of the thing they mean; none where the world has none."""
    if "reasoned" not in world.references:
        return []
    types = [type for type in REASONING_TYPES if type in world.edits]
    return [
        sample_edit(
            rng_for(f"{STREAM}-reasoning", seed, index),
            types[index % len(types)],
            is_reasoning=True,
            world=world,
        )
        for index in range(count)
    ]


def score_edit(edit: Edit, picture: Image.Image, reading: Reading, decoded: Image.Image | None) -> EditScore:
    """Marks for `picture`, which the judge reads as `reading`; `decoded` is the true target, decoded."""
    success = 10 * changed_share(edit, picture, reading) * kept_share(edit, reading)
    error = error_outside(edit, picture, reading)
    dead = DEAD_ZONE if decoded is None else max(DEAD_ZONE, error_outside(edit, decoded, reading))
    restraint = 10 * max(0.0, 1 - max(0.0, error - dead) / WORST_ERROR)
    return EditScore(success=success, restraint=restraint, error_outside=error)


def changed_share(edit: Edit, picture: Image.Image, reading: Reading) -> float:
    facts = [is_nearer(edit, picture)] if edit.type is EditType.GLOBAL else changed_facts(edit, reading)
    return sum(facts) / len(facts) if facts[0] else 0.0


def is_nearer(edit: Edit, picture: Image.Image) -> bool:
    """Whether the picture is nearer to the true target than to the source."""
    to_target, to_source = (difference(picture, render(scene)).mean() for scene in (edit.target, edit.source))
    return bool(to_target < to_source)


def changed_facts(edit: Edit, reading: Reading) -> list[bool]:
    """What the instruction asks for, the most important fact first."""
    match edit.type:
        case EditType.ADD:
            return added_facts(edit, reading)
        case EditType.REMOVE:
            (gone,) = set(edit.source.things) - set(edit.target.things)
            left = sum(thing.kind == gone.kind for thing in edit.target.things)
            return [sum(each.kind == gone.kind for each in reading.things) <= left]
        case EditType.LOCAL:
            return [has_local_change(edit, reading)]
        case EditType.COLOR:
            (wanted,) = set(edit.target.things) - set(edit.source.things)
            (found,) = find_things([wanted], reading.things)
            return [found is not None and found.color == wanted.color]
        case EditType.BACKGROUND:
            return [reading.background == edit.target.background]
        case EditType.STYLE:
            return [reading.style == edit.target.style]
        case EditType.TEXT:
            (sign,) = set(edit.target.things) - set(edit.source.things)
            return [any(each.word == sign.word for each in reading.things)]
        case _:
            raise ValueError(f"{edit.type} is not judged by what is seen.")


def has_local_change(edit: Edit, reading: Reading) -> bool:
    """The new class, or the old one in its new place or size."""
    (wanted,) = set(edit.target.things) - set(edit.source.things)
    (before,) = set(edit.source.things) - set(edit.target.things)
    (found,) = find_things([wanted], reading.things)
    if found is None:
        return False
    if wanted.size > before.size:
        return found.size > _CLEAR_CHANGE * before.size
    return wanted.size == before.size or found.size * _CLEAR_CHANGE < before.size


def added_facts(edit: Edit, reading: Reading) -> list[bool]:
    """One more of its class; its colour, where the style shows it; its side, where the words name one."""
    (new,) = set(edit.target.things) - set(edit.source.things)
    added = added_thing(edit, reading)
    facts = [added is not None]
    if shows_colors(edit.target.style):
        facts.append(added is not None and added.color == new.color)
    if new.word is not None and shows_words(edit.target.style):
        facts.append(added is not None and added.word == new.word)
    asked = asked_side(edit)
    if asked is not None:
        anchors = [found for found in find_things([asked.anchor], reading.things) if found is not None]
        facts.append(added is not None and any(sides_of(added, each) & asked.sides for each in anchors))
    return facts


def sides_of(first: Detection, second: Detection) -> set[str]:
    """Where the first stands as seen from the second."""
    return relations(sighting_of(first).box, sighting_of(second).box)


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
    """How many of the things to keep stand where they should; every thing too many counts against it."""
    is_global = edit.type is EditType.GLOBAL
    kept = [thing for thing in edit.target.things if is_global or thing in edit.source.things]
    has_colors, has_words = shows_colors(edit.target.style), shows_words(edit.target.style)
    if edit.target.effect is not None:
        has_colors = has_words = False
    found = sum(
        each is not None
        and (not has_colors or each.color == thing.color)
        and (not has_words or each.word == thing.word)
        for thing, each in zip(kept, find_things(kept, reading.things), strict=True)
    )
    extra = max(0, len(reading.things) - len(edit.target.things))
    return found / (len(kept) + extra) if kept else 1 / (1 + extra)


def error_outside(edit: Edit, picture: Image.Image, reading: Reading) -> float:
    """Mean absolute difference (0..1) to the true target where nothing should differ."""
    difference_HW = difference(picture, render(edit.target))
    if edit.type in WHOLE_PICTURE:
        return float(difference_HW.mean())
    outside = ~grown(edit_mask(edit))
    if edit.type is EditType.ADD:
        outside &= ~grown(box_mask(added_thing(edit, reading), edit.source.size))
    return float(difference_HW[outside].mean()) if outside.any() else 0.0


def difference(picture: Image.Image, truth: Image.Image) -> NDArray[np.float32]:
    """Mean absolute difference of the channels at each pixel, (H, W) in 0..1."""
    picture = picture.convert("RGB").resize(truth.size, Image.Resampling.BICUBIC)
    gap = np.abs(np.asarray(picture, np.float32) - np.asarray(truth, np.float32))
    result: NDArray[np.float32] = gap.mean(axis=2) / 255
    return result


def grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask with 8 px more on every side."""
    picture = Image.fromarray(mask.astype(np.uint8) * 255)
    return np.asarray(picture.filter(ImageFilter.MaxFilter(2 * _GROWTH_PX + 1))) > 0


def box_mask(thing: Detection | None, size: tuple[int, int]) -> NDArray[np.bool_]:
    mask = np.zeros(size[::-1], np.bool_)
    if thing is not None:
        left, top = (max(0, round(value - thing.size / 2)) for value in (thing.x, thing.y))
        mask[top : round(thing.y + thing.size / 2), left : round(thing.x + thing.size / 2)] = True
    return mask
