"""Edits with the truth known: source scene, target scene, instruction, target caption, mask and type.

References are unambiguous: a thing is named by its class, with its colour only where two of the class differ;
some need a look at the whole scene ("the largest thing", "the left cat", "the animal").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from training.stickers.captions import caption, noun_phrase, relation
from training.stickers.catalogue import SIGN, WHOLE, World, shows_colors, shows_places, shows_words
from training.stickers.instructions import BACKGROUND_FORMS, EFFECT_FORMS, MIRRORED, STYLE_NOUNS
from training.stickers.references import REASONING_SHARE, Reference, refer
from training.stickers.render import thing_mask
from training.stickers.scene import (
    MAX_THINGS,
    Scene,
    Thing,
    is_held_out,
    overlaps,
    pick,
    sample_look,
    sample_scene,
)


class EditType(StrEnum):
    """The names in catalogue.EDITS."""

    ADD = "add"
    REMOVE = "remove"
    LOCAL = "local"
    COLOR = "color"
    BACKGROUND = "background"
    STYLE = "style"
    GLOBAL = "global"
    TEXT = "text"


WHOLE_PICTURE = (EditType.STYLE, EditType.GLOBAL)
"""Types that change every pixel."""
_SMALLEST_PX, _LARGEST_PX = 56, 138
_GROWTH = 1.4
_MOVES = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A triplet and its truth. `is_reasoning`: which thing is meant takes more than reading its name."""

    type: EditType
    source: Scene
    target: Scene
    instruction: str
    target_caption: str
    is_reasoning: bool = False


def edit_mask(edit: Edit) -> NDArray[np.bool_]:
    """Where the picture should change: (H, W). Background edits keep the things, style edits nothing."""
    width, height = edit.source.size
    if edit.type in WHOLE_PICTURE:
        return np.ones((height, width), np.bool_)
    mask = np.zeros((height, width), np.bool_)
    if edit.type is EditType.BACKGROUND:
        for thing in edit.source.things:
            mask |= thing_mask(thing, edit.source.size)
        return ~mask
    for thing in set(edit.source.things) ^ set(edit.target.things):
        left, top, right, bottom = thing.box
        mask[max(0, top) : bottom, max(0, left) : right] = True
    return mask


def sample_edit(
    rng: np.random.Generator,
    type: EditType | None = None,
    is_reasoning: bool = False,
    shape: str | None = None,
    world: World = WHOLE,
) -> Edit:
    """A random edit (of one type and shape, if given); with `is_reasoning` one whose words need a look."""
    while True:
        kind = type or EditType(pick(rng, world.edits))
        edit = _SAMPLERS[kind](rng, sample_scene(rng, shape=shape, world=world), world)
        if edit is not None and (edit.is_reasoning or not is_reasoning):
            return edit


def reasoning_share(world: World) -> float:
    return REASONING_SHARE if "reasoned" in world.references else 0.0


def _add(rng: np.random.Generator, scene: Scene, world: World) -> Edit | None:
    """Either takes one thing out of a scene to make the source, or puts a new one into free space."""
    if len(scene.things) == 1 or rng.random() < 0.3:
        new = _in_free_space(rng, scene, world)
        if new is None:
            return None
        target, source = replace(scene, things=(*scene.things, new)), scene
    else:
        index = int(rng.integers(len(scene.things)))
        new = scene.things[index]
        source = replace(scene, things=tuple(t for i, t in enumerate(scene.things) if i != index))
        target = replace(scene, things=(*source.things, new))
    words = pick(rng, ("add {}", "put {}", "draw {}", "place {}", "also add {}")).format(
        noun_phrase(new.look)
    )
    return _edit(EditType.ADD, source, target, f"{words}{_side(rng, new, source)}", rng)


def _side(rng: np.random.Generator, new: Thing, source: Scene) -> str:
    """Often says where, as seen from a thing that can be named."""
    other = source.things[int(rng.integers(len(source.things)))]
    named = refer(other, source, rng, reasoning_share=0)
    side = relation(new, other)
    if named is None or side is None or rng.random() < 0.3:
        return ""
    forms = {
        "left": ("to the left of", "left of"),
        "right": ("to the right of", "right of"),
        "above": ("above", "over"),
        "below": ("below", "under"),
    }[side]
    if side in ("left", "right") and rng.random() < 0.3:
        forms = ("next to", "beside")
    return f" {pick(rng, forms)} {named.words}"


def _remove(rng: np.random.Generator, scene: Scene, world: World) -> Edit | None:
    if len(scene.things) < 2:
        return None
    thing = scene.things[int(rng.integers(len(scene.things)))]
    named = refer(thing, scene, rng, reasoning_share(world))
    target = replace(scene, things=tuple(each for each in scene.things if each is not thing))
    forms = ("remove {}", "delete {}", "take away {}", "erase {}", "get rid of {}")
    return None if named is None else _edit_of(named, EditType.REMOVE, scene, target, forms, rng)


def _color(rng: np.random.Generator, scene: Scene, world: World) -> Edit | None:
    thing = scene.things[int(rng.integers(len(scene.things)))]
    color = pick(rng, world.colors)
    if thing.kind == SIGN or color == thing.color or is_held_out(thing.kind, color):
        return None
    named = refer(thing, scene, rng, reasoning_share(world))
    if named is None or not shows_colors(scene.style):
        return None
    forms = [f"{verb} {{}} {color}" for verb in ("make", "turn", "paint", "color")] + [
        f"change {{}} to {color}"
    ]
    target = _with(scene, thing, replace(thing, color=color))
    return _edit_of(named, EditType.COLOR, scene, target, forms, rng)


def _local(rng: np.random.Generator, scene: Scene, world: World) -> Edit | None:
    """One thing becomes another one, bigger, smaller, or stands elsewhere."""
    thing = scene.things[int(rng.integers(len(scene.things)))]
    named = refer(thing, scene, rng, reasoning_share(world))
    if named is None:
        return None
    match int(rng.choice(4, p=[0.4, 0.2, 0.15, 0.25])):
        case 0:
            new = _swapped(rng, thing, scene, world)
            words = "" if new is None else noun_phrase((new.kind, None))
            forms = [
                f"{verb} {words}"
                for verb in ("turn {} into", "replace {} with", "change {} into", "swap {} for")
            ]
        case 1:
            new = replace(thing, size=round(thing.size * _GROWTH))
            forms = ["make {} bigger", "make {} larger", "make {} big"]
        case 2:
            new = replace(thing, size=round(thing.size / _GROWTH))
            forms = ["make {} smaller", "make {} small", "make {} tiny"]
        case _:
            side = pick(rng, tuple(_MOVES))
            new = _moved(thing, scene, side)
            place = f"to the {side}" if side in ("left", "right") else side
            forms = [f"move {{}} {place}", f"put {{}} further {place}"]
    others = tuple(each for each in scene.things if each is not thing)
    if new is None or not _SMALLEST_PX <= new.size <= _LARGEST_PX or not _is_free(new, others, scene.size):
        return None
    return _edit_of(named, EditType.LOCAL, scene, _with(scene, thing, new), forms, rng)


def _swapped(rng: np.random.Generator, thing: Thing, scene: Scene, world: World) -> Thing | None:
    """Another class in its own colours in the same place."""
    kind, _ = sample_look(rng, world)
    if thing.kind == SIGN or any(kind == each.kind for each in scene.things):
        return None
    return replace(thing, kind=kind, color=None)


def _moved(thing: Thing, scene: Scene, side: str) -> Thing | None:
    """As far to that side as there is room, if that is far enough to see."""
    dx, dy = _MOVES[side]
    others = [each for each in scene.things if each is not thing]
    for distance in (96, 72, 54):
        new = replace(thing, x=thing.x + dx * distance, y=thing.y + dy * distance)
        if _is_free(new, others, scene.size):
            return new
    return None


def _background(rng: np.random.Generator, scene: Scene, world: World) -> Edit | None:
    background = pick(rng, world.backgrounds)
    if background == scene.background or not shows_places(scene.style):
        return None
    target = replace(scene, background=background)
    return _edit(EditType.BACKGROUND, scene, target, pick(rng, BACKGROUND_FORMS[background]), rng)


def _style(rng: np.random.Generator, scene: Scene, world: World) -> Edit | None:
    style = pick(rng, world.styles)
    noun = STYLE_NOUNS[style]
    forms = (f"make it {style}", f"turn it into {noun}", f"in {style} style", f"change the style to {style}")
    target = replace(scene, style=style)
    return _edit(EditType.STYLE, replace(scene, style=None), target, pick(rng, forms), rng)


def _global(rng: np.random.Generator, scene: Scene, world: World) -> Edit | None:
    change = pick(rng, (*world.effects, MIRRORED))
    source = replace(scene, style=None)
    target = _mirrored(source) if change == MIRRORED else replace(source, effect=change)
    if target is None:
        return None
    return _edit(EditType.GLOBAL, source, target, pick(rng, EFFECT_FORMS[change]), rng)


def _mirrored(scene: Scene) -> Scene | None:
    """Left and right changed over; None where words or stars, which stay as they are, would tell."""
    if scene.background == "night" or any(each.kind == SIGN for each in scene.things):
        return None
    width = scene.size[0]
    things = tuple(replace(each, x=width - each.x, flip=not each.flip) for each in scene.things)
    return replace(scene, things=things)


def _text(rng: np.random.Generator, scene: Scene, world: World) -> Edit | None:
    """The sign says another word. Most scenes get their sign here."""
    index = int(rng.integers(len(scene.things)))
    word, old = (world.signs[int(each)] for each in rng.choice(len(world.signs), 2, replace=False))
    looks = [each.look for each in scene.things]
    if not shows_words(scene.style) or len(set(looks)) < len(looks):
        return None
    sign = replace(scene.things[index], kind=SIGN, color=None, flip=False, word=old)
    kept = tuple(each for i, each in enumerate(scene.things) if i != index and each.kind != SIGN)
    source = replace(scene, things=(*kept, sign))
    forms = (
        "change the sign to {}",
        "make the sign say {}",
        "change the word on the sign to {}",
        "the sign says {} now",
    )
    form = pick(rng, forms).format(f'"{word}"' if rng.random() < 0.5 else word)
    return _edit(EditType.TEXT, source, _with(source, sign, replace(sign, word=word)), form, rng)


_SAMPLERS = {
    EditType.ADD: _add,
    EditType.REMOVE: _remove,
    EditType.LOCAL: _local,
    EditType.COLOR: _color,
    EditType.BACKGROUND: _background,
    EditType.STYLE: _style,
    EditType.GLOBAL: _global,
    EditType.TEXT: _text,
}


def _with(scene: Scene, old: Thing, new: Thing) -> Scene:
    return replace(scene, things=tuple(new if each is old else each for each in scene.things))


def _in_free_space(rng: np.random.Generator, scene: Scene, world: World) -> Thing | None:
    """A new thing in free space, beside or above another where there is room."""
    if len(scene.things) == MAX_THINGS:
        return None
    for _ in range(20):
        size = int(rng.integers(61, 98))
        kind, color = sample_look(rng, world)
        anchor = scene.things[int(rng.integers(len(scene.things)))]
        reach = (anchor.size + size) // 2 + int(rng.integers(2, 20))
        dx, dy = ((-reach, 0), (reach, 0), (0, -reach), (0, reach))[int(rng.integers(4))]
        new = Thing(
            kind=kind, color=color, x=anchor.x + dx, y=anchor.y + dy, size=size, flip=bool(rng.random() < 0.5)
        )
        is_new_kind = all(kind != other.kind for other in scene.things)
        if is_new_kind and _is_free(new, scene.things, scene.size):
            return new
    return None


def _is_free(new: Thing, others: Sequence[Thing], size: tuple[int, int]) -> bool:
    left, top, right, bottom = new.box
    if min(left, top) < 0 or right > size[0] or bottom > size[1]:
        return False
    return not any(overlaps(new.box, other.box) for other in others)


def _edit_of(
    named: Reference,
    type: EditType,
    source: Scene,
    target: Scene,
    forms: Sequence[str],
    rng: np.random.Generator,
) -> Edit:
    edit = _edit(type, source, target, pick(rng, forms).format(named.words), rng)
    return replace(edit, is_reasoning=named.is_reasoning)


def _edit(type: EditType, source: Scene, target: Scene, instruction: str, rng: np.random.Generator) -> Edit:
    return Edit(
        type=type, source=source, target=target, instruction=instruction, target_caption=caption(target, rng)
    )
