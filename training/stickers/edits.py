"""Edits with the truth known: source scene, target scene, instruction, target caption, mask and type.

References are unambiguous: a thing is named by its class, with its colour only where two of the class differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from training.stickers.captions import caption, noun_phrase, relation
from training.stickers.render import thing_mask
from training.stickers.scene import (
    BACKGROUNDS,
    CLASSES,
    COLORS,
    PICTURE_PX,
    STYLES,
    Scene,
    Thing,
    is_held_out,
    sample_scene,
)


class EditType(StrEnum):
    """EmuEdit's types that this world has so far."""

    ADD = "add"
    REMOVE = "remove"
    COLOR = "color"
    BACKGROUND = "background"
    STYLE = "style"


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A triplet and its truth."""

    type: EditType
    source: Scene
    target: Scene
    instruction: str
    target_caption: str


def edit_mask(edit: Edit) -> NDArray[np.bool_]:
    """Where the picture should change: (256, 256). Background edits keep the things, style edits nothing."""
    match edit.type:
        case EditType.STYLE:
            return np.ones((PICTURE_PX, PICTURE_PX), np.bool_)
        case EditType.BACKGROUND:
            covered = np.zeros((PICTURE_PX, PICTURE_PX), np.bool_)
            for thing in edit.source.things:
                covered |= thing_mask(thing)
            return ~covered
        case _:
            changed = set(edit.source.things) ^ set(edit.target.things)
            mask = np.zeros((PICTURE_PX, PICTURE_PX), np.bool_)
            for thing in changed:
                left, top, right, bottom = thing.box
                mask[max(0, top) : bottom, max(0, left) : right] = True
            return mask


def sample_edit(rng: np.random.Generator, type: EditType | None = None) -> Edit:
    """A random edit (of one type, if given)."""
    while True:
        kind = type or tuple(EditType)[int(rng.integers(len(EditType)))]
        edit = _SAMPLERS[kind](rng, sample_scene(rng))
        if edit is not None:
            return edit


def _add(rng: np.random.Generator, scene: Scene) -> Edit | None:
    """Either takes one thing out of a scene to make the source, or puts a new one into free space."""
    if len(scene.things) == 1 or rng.random() < 0.3:
        new = _in_free_space(rng, scene)
        if new is None:
            return None
        target, source = replace(scene, things=(*scene.things, new)), scene
    else:
        index = int(rng.integers(len(scene.things)))
        new = scene.things[index]
        source = replace(scene, things=tuple(t for i, t in enumerate(scene.things) if i != index))
        target = replace(scene, things=(*source.things, new))
    words = _pick(rng, ("add {}", "put {}", "draw {}", "place {}", "also add {}")).format(
        noun_phrase(new.look)
    )
    return _edit(EditType.ADD, source, target, f"{words}{_place(rng, new, source)}", rng)


def _place(rng: np.random.Generator, new: Thing, source: Scene) -> str:
    """Often says where, as seen from a thing that can be named."""
    other = source.things[int(rng.integers(len(source.things)))]
    words = reference(other, source, rng)
    side = relation(new, other)
    if words is None or side is None or rng.random() < 0.3:
        return ""
    forms = {
        "left": ("to the left of", "left of"),
        "right": ("to the right of", "right of"),
        "above": ("above", "over"),
        "below": ("below", "under"),
    }[side]
    if side in ("left", "right") and rng.random() < 0.3:
        forms = ("next to", "beside")
    return f" {_pick(rng, forms)} {words}"


def _remove(rng: np.random.Generator, scene: Scene) -> Edit | None:
    if len(scene.things) < 2:
        return None
    thing = scene.things[int(rng.integers(len(scene.things)))]
    words = reference(thing, scene, rng)
    if words is None:
        return None
    target = replace(scene, things=tuple(each for each in scene.things if each is not thing))
    form = _pick(rng, ("remove {}", "delete {}", "take away {}", "erase {}", "get rid of {}"))
    return _edit(EditType.REMOVE, scene, target, form.format(words), rng)


def _color(rng: np.random.Generator, scene: Scene) -> Edit | None:
    thing = scene.things[int(rng.integers(len(scene.things)))]
    color = tuple(COLORS)[int(rng.integers(len(COLORS)))]
    words = reference(thing, scene, rng)
    if words is None or color == thing.color or is_held_out(thing.kind, color) or scene.style == "sepia":
        return None
    new = replace(thing, color=color)
    target = replace(scene, things=tuple(new if each is thing else each for each in scene.things))
    form = _pick(rng, ("make {} {}", "turn {} {}", "paint {} {}", "color {} {}", "change {} to {}"))
    return _edit(EditType.COLOR, scene, target, form.format(words, color), rng)


_BACKGROUND_FORMS: dict[str, tuple[str, ...]] = {
    "plain": ("make the background plain", "put it on a plain background", "remove the background"),
    "sky": ("put it in the sky", "change the background to sky", "make the background a blue sky"),
    "grass": ("put it on grass", "change the background to grass", "put it in a meadow"),
    "sand": ("put it on the beach", "change the background to sand", "put it on sand"),
    "night": ("make it night", "change the background to night", "now at night", "put it on a night sky"),
    "room": ("put it in a room", "change the background to a room", "put it indoors"),
}
_STYLE_FORMS: dict[str, tuple[str, ...]] = {
    "pixel art": (
        "make it pixel art",
        "turn it into pixel art",
        "in pixel art style",
        "change the style to pixel art",
    ),
    "sepia": ("make it sepia", "turn it into a sepia photo", "in sepia", "change the style to sepia"),
}


def _background(rng: np.random.Generator, scene: Scene) -> Edit | None:
    background = BACKGROUNDS[int(rng.integers(len(BACKGROUNDS)))]
    if background == scene.background:
        return None
    target = replace(scene, background=background)
    return _edit(EditType.BACKGROUND, scene, target, _pick(rng, _BACKGROUND_FORMS[background]), rng)


def _style(rng: np.random.Generator, scene: Scene) -> Edit | None:
    style = STYLES[int(rng.integers(len(STYLES)))]
    source = replace(scene, style=None)
    return _edit(EditType.STYLE, source, replace(scene, style=style), _pick(rng, _STYLE_FORMS[style]), rng)


_SAMPLERS = {
    EditType.ADD: _add,
    EditType.REMOVE: _remove,
    EditType.COLOR: _color,
    EditType.BACKGROUND: _background,
    EditType.STYLE: _style,
}


def reference(thing: Thing, scene: Scene, rng: np.random.Generator) -> str | None:
    """Words that mean this thing and no other of the scene, None where there are none."""
    twins = [other for other in scene.things if other is not thing and other.kind == thing.kind]
    if not twins:
        is_colored = thing.color is not None and rng.random() < 0.4
        return f"the {thing.color} {thing.kind}" if is_colored else f"the {thing.kind}"
    if thing.color is None or any(other.color == thing.color for other in twins):
        return None
    return f"the {thing.color} {thing.kind}"


def _in_free_space(rng: np.random.Generator, scene: Scene) -> Thing | None:
    """A new thing in free space, beside or above another where there is room."""
    for _ in range(20):
        size = int(PICTURE_PX * rng.uniform(0.24, 0.38))
        kind = CLASSES[int(rng.integers(len(CLASSES)))]
        color = None if rng.random() < 0.3 else tuple(COLORS)[int(rng.integers(len(COLORS)))]
        anchor = scene.things[int(rng.integers(len(scene.things)))]
        reach = (anchor.size + size) // 2 + int(rng.integers(2, 20))
        dx, dy = ((-reach, 0), (reach, 0), (0, -reach), (0, reach))[int(rng.integers(4))]
        new = Thing(
            kind=kind, color=color, x=anchor.x + dx, y=anchor.y + dy, size=size, flip=bool(rng.random() < 0.5)
        )
        is_new_kind = all(kind != other.kind for other in scene.things)
        if is_new_kind and not is_held_out(kind, color) and _is_free(new, scene.things):
            return new
    return None


def _is_free(new: Thing, others: Sequence[Thing]) -> bool:
    left, top, right, bottom = new.box
    if min(left, top) < 0 or max(right, bottom) > PICTURE_PX:
        return False
    return all(right <= o.box[0] or left >= o.box[2] or bottom <= o.box[1] or top >= o.box[3] for o in others)


def _edit(type: EditType, source: Scene, target: Scene, instruction: str, rng: np.random.Generator) -> Edit:
    return Edit(
        type=type, source=source, target=target, instruction=instruction, target_caption=caption(target, rng)
    )


def _pick(rng: np.random.Generator, words: Sequence[str]) -> str:
    return words[int(rng.integers(len(words)))]
