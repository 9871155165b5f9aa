"""Prompts with what their pictures must show, in the record format of GenEval (Ghosh et al. 2023).

GenEval's own file is read from a path (its records whose classes and colours exist in the small world);
`own_prompts` writes records in the same wording for the whole of the small world.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from training.errors import BadRecipe
from training.seeds import rng_for
from training.stickers.captions import BACKGROUND_WORDS, NUMBER_WORDS, STYLE_WORDS, noun_phrase, plural
from training.stickers.catalogue import SIGN, WHOLE, World
from training.stickers.scene import MAX_THINGS, is_held_out, pick

TASKS = ("single_object", "two_object", "counting", "colors", "position", "color_attr")
"""GenEval's six, whose mean is the overall score."""
EXTRA_TASKS = ("held_out", "three_objects", "background", "style", "text", "shape")
"""Shown apart: class-colour pairs that training never showed, and what the small world has beyond GenEval."""
RELATIONS = ("left of", "right of", "above", "below")
STREAM = "score-prompts"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """`count` things of a class, perhaps coloured, perhaps in `relation` to the entry at `anchor`."""

    kind: str
    count: int = 1
    color: str | None = None
    relation: str | None = None
    anchor: int = 0


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One record. `exclude` holds classes with the count from which there are too many.

    `word` is what a sign must say, `shape` the outline of the picture.
    """

    tag: str
    prompt: str
    include: tuple[Wanted, ...]
    exclude: tuple[Wanted, ...] = ()
    background: str | None = None
    style: str | None = None
    word: str | None = None
    shape: str = "square"

    @property
    def is_held_out(self) -> bool:
        """Whether it asks for a class in a colour that training never showed together."""
        return any(is_held_out(wanted.kind, wanted.color) for wanted in self.include)


def read_geneval(path: Path, world: World = WHOLE) -> list[Prompt]:
    """The records of an evaluation_metadata.jsonl that this part of the world can show. Raises BadRecipe."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRecipe(f"{path} cannot be read ({error}).") from error
    prompts = []
    for number, line in enumerate(lines, 1):
        try:
            prompts.append(from_geneval(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise BadRecipe(f"{path}, line {number} is not a GenEval record ({error!r}).") from error
    return [prompt for prompt in prompts if can_be_shown(prompt, world)]


def from_geneval(record: dict[str, Any]) -> Prompt:
    """One line of GenEval's file."""
    include = []
    for entry in record["include"]:
        relation, anchor = entry.get("position", (None, 0))
        include.append(
            Wanted(
                kind=entry["class"],
                count=int(entry["count"]),
                color=entry.get("color"),
                relation=relation,
                anchor=int(anchor),
            )
        )
    exclude = tuple(
        Wanted(kind=each["class"], count=int(each["count"])) for each in record.get("exclude", ())
    )
    return Prompt(tag=record["tag"], prompt=record["prompt"], include=tuple(include), exclude=exclude)


def can_be_shown(prompt: Prompt, world: World) -> bool:
    """Whether all its classes and colours exist in the world, in numbers that fit."""
    known = all(each.kind in world.classes and each.color in (None, *world.colors) for each in prompt.include)
    return known and sum(each.count for each in prompt.include) <= MAX_THINGS


def own_prompts(
    num_per_task: int, seed: int, tasks: tuple[str, ...] = TASKS + EXTRA_TASKS, world: World = WHOLE
) -> list[Prompt]:
    """`num_per_task` different records for each task that the world can be asked, the same for a seed."""
    prompts: list[Prompt] = []
    for task in [each for each in tasks if can_be_asked(each, world)]:
        rng = rng_for(f"{STREAM}-{task}", seed, 0)
        found: dict[str, Prompt] = {}
        for _ in range(50 * num_per_task):
            prompt = WRITERS[task](rng, world)
            found.setdefault(prompt.prompt, prompt)
            if len(found) == num_per_task:
                break
        prompts += found.values()
    return prompts


def can_be_asked(task: str, world: World) -> bool:
    """Whether the world holds enough for the task."""
    num_classes, num_colors = len(world.classes), len(world.colors)
    needs = {
        "two_object": num_classes > 1,
        "position": num_classes > 1,
        "three_objects": num_classes > 2,
        "colors": num_colors > 0,
        "color_attr": num_classes > 1 and num_colors > 1,
        "held_out": any(is_held_out(kind, color) for kind in world.classes for color in world.colors),
        "background": len(world.backgrounds) > 1,
        "style": bool(world.styles),
        "text": bool(world.signs),
        "shape": len(world.shapes) > 1,
    }
    return needs.get(task, True)


def two_kinds(rng: np.random.Generator, world: World) -> tuple[str, str]:
    first, second = (world.classes[int(index)] for index in rng.choice(len(world.classes), 2, replace=False))
    return first, second


def single_object(rng: np.random.Generator, world: World) -> Prompt:
    kind = pick(rng, world.classes)
    return Prompt(
        tag="single_object", prompt=f"a photo of {noun_phrase((kind, None))}", include=(Wanted(kind=kind),)
    )


def two_object(rng: np.random.Generator, world: World) -> Prompt:
    first, second = two_kinds(rng, world)
    words = f"a photo of {noun_phrase((first, None))} and {noun_phrase((second, None))}"
    return Prompt(tag="two_object", prompt=words, include=(Wanted(kind=first), Wanted(kind=second)))


def counting(rng: np.random.Generator, world: World) -> Prompt:
    kind, count = pick(rng, world.classes), int(rng.integers(2, MAX_THINGS + 1))
    return Prompt(
        tag="counting",
        prompt=f"a photo of {NUMBER_WORDS[count]} {plural(kind)}",
        include=(Wanted(kind=kind, count=count),),
        exclude=(Wanted(kind=kind, count=count + 1),),
    )


def colors(rng: np.random.Generator, world: World) -> Prompt:
    kind, color = pick(rng, world.classes), pick(rng, world.colors)
    words = f"a photo of {noun_phrase((kind, color))}"
    return Prompt(tag="colors", prompt=words, include=(Wanted(kind=kind, color=color),))


def position(rng: np.random.Generator, world: World) -> Prompt:
    """GenEval lists the thing referred to first."""
    kind, anchor = two_kinds(rng, world)
    relation = pick(rng, RELATIONS)
    return Prompt(
        tag="position",
        prompt=f"a photo of {noun_phrase((kind, None))} {relation} {noun_phrase((anchor, None))}",
        include=(Wanted(kind=anchor), Wanted(kind=kind, relation=relation)),
    )


def color_attr(rng: np.random.Generator, world: World) -> Prompt:
    kinds = two_kinds(rng, world)
    chosen = [world.colors[int(index)] for index in rng.choice(len(world.colors), 2, replace=False)]
    looks = list(zip(kinds, chosen, strict=True))
    return Prompt(
        tag="color_attr",
        prompt=f"a photo of {noun_phrase(looks[0])} and {noun_phrase(looks[1])}",
        include=tuple(Wanted(kind=kind, color=color) for kind, color in looks),
    )


def held_out(rng: np.random.Generator, world: World) -> Prompt:
    """One thing in a colour that training never showed it in."""
    while True:
        prompt = colors(rng, world)
        if prompt.is_held_out:
            return Prompt(tag="held_out", prompt=prompt.prompt, include=prompt.include)


def three_objects(rng: np.random.Generator, world: World) -> Prompt:
    kinds = [world.classes[int(index)] for index in rng.choice(len(world.classes), 3, replace=False)]
    first, second, third = (noun_phrase((kind, None)) for kind in kinds)
    return Prompt(
        tag="three_objects",
        prompt=f"a photo of {first}, {second} and {third}",
        include=tuple(Wanted(kind=kind) for kind in kinds),
    )


def background(rng: np.random.Generator, world: World) -> Prompt:
    kind, place = pick(rng, world.classes), pick(rng, world.backgrounds[1:])
    return Prompt(
        tag="background",
        prompt=f"a photo of {noun_phrase((kind, None))} {pick(rng, BACKGROUND_WORDS[place])}",
        include=(Wanted(kind=kind),),
        background=place,
    )


def style(rng: np.random.Generator, world: World) -> Prompt:
    kind, name = pick(rng, world.classes), pick(rng, world.styles)
    words = f"{noun_phrase((kind, None))}, {pick(rng, STYLE_WORDS[name])}"
    return Prompt(tag="style", prompt=words, include=(Wanted(kind=kind),), style=name)


def text(rng: np.random.Generator, world: World) -> Prompt:
    """A sign beside something else."""
    word, kind = pick(rng, world.signs), pick(rng, world.classes)
    words = f'{noun_phrase((kind, None))} and a sign saying "{word}"'
    return Prompt(tag="text", prompt=words, include=(Wanted(kind=SIGN), Wanted(kind=kind)), word=word)


def shape(rng: np.random.Generator, world: World) -> Prompt:
    """Two things in a picture that is not square."""
    prompt = two_object(rng, world)
    return replace(prompt, tag="shape", shape=pick(rng, world.shapes[1:]))


WRITERS: dict[str, Callable[[np.random.Generator, World], Prompt]] = {
    "single_object": single_object,
    "two_object": two_object,
    "counting": counting,
    "colors": colors,
    "position": position,
    "color_attr": color_attr,
    "held_out": held_out,
    "three_objects": three_objects,
    "background": background,
    "style": style,
    "text": text,
    "shape": shape,
}
