"""What an edit gains or loses by keeping to the place that the eyes find: python -m tests.bench.kept

Takes edits of one thing (colour, removal, another thing in its place) whose place the eyes find, makes each
with the same seed in both ways, and asks the eyes whether the change is there, the judge for its marks (0 to
10), and the pixels how much of what was to stay differs (by more than noise).
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from PIL import Image, ImageFilter

from agent.asked_edits import after_edit
from agent.changes import compare, paste_back
from agent.eyes import Verdict, check
from agent.places import by_eyes, find_place
from engines.api import EditRequest, Eyes, Progress
from engines.engine import DiffusionEngine
from engines.eyes.sticker_eyes import EYES, StickerEyes
from engines.load_engine import STICKERS, load_engine
from training.evaluation.editing import own_edits, score_edit
from training.evaluation.judge import Judge, judge_of
from training.stickers.catalogue import World
from training.stickers.edits import Edit, EditType, edit_mask
from training.stickers.render import render

LOCAL_TYPES = (EditType.COLOR, EditType.REMOVE, EditType.LOCAL)
WAYS = ("everywhere", "in its place")
GROWTH_PX = 17
"""A change may reach 8 px beyond its thing, as the judge has it."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """An edit whose place the eyes find; `meant` is white where change was meant."""

    edit: Edit
    source: Image.Image
    place: Image.Image
    meant: Image.Image


@dataclass(frozen=True, kw_only=True)
class Result:
    """`is_seen`: the eyes find the change, None where they cannot tell; `outside`: the share that differs."""

    type: EditType
    is_seen: bool | None
    success: float
    score: float
    outside: float


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--edits", type=int, default=20, help="a type")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--steps", type=int, help="of each edit; the preset's if not said")
    args = options.parse_args()
    torch.set_num_threads(1)
    eyes, engine, judge = (
        StickerEyes.from_pretrained(STICKERS / EYES),
        load_engine("stickers-edit"),
        judge_of(STICKERS),
    )
    results: dict[str, list[Result]] = {way: [] for way in WAYS}
    for number, case in enumerate(cases(args.edits, args.seed, judge, eyes)):
        for way, found in results.items():
            image = edited(engine, case, way, number, args.steps)
            found.append(measure(case, image, eyes, judge))
        last = "; ".join(f"{way}: {line(found[-1:])}" for way, found in results.items())
        print(f"{number + 1:3} {case.edit.instruction}: {last}", flush=True)
    for name in ("", *(each.value for each in LOCAL_TYPES)):
        for way, found in results.items():
            chosen = [each for each in found if name in ("", each.type.value)]
            if chosen:
                print(f"{name or 'all':8}{way:14}{line(chosen)}")


def cases(num_per_type: int, seed: int, judge: Judge, eyes: Eyes) -> Iterator[Case]:
    """The same number of each type, in turn."""
    locate = by_eyes(eyes)
    found: dict[EditType, list[Case]] = {each: [] for each in LOCAL_TYPES}
    local = [each for each in own_edits(4 * num_per_type, seed, judge.world) if each.type in LOCAL_TYPES]
    for edit in (*local, *replacements(local, judge.world)):
        if edit.type not in found or len(found[edit.type]) == num_per_type:
            continue
        source = render(edit.source)
        place = find_place(source, edit.instruction, locate)
        if place is not None:
            meant = Image.fromarray(edit_mask(edit)).convert("L").filter(ImageFilter.MaxFilter(GROWTH_PX))
            found[edit.type].append(Case(edit=edit, source=source, place=place, meant=meant))
    print("found: " + ", ".join(f"{each.value} {len(some)}" for each, some in found.items()), flush=True)
    for together in range(num_per_type):
        yield from (some[together] for some in found.values() if together < len(some))


def replacements(edits: Sequence[Edit], world: World) -> Iterator[Edit]:
    """Another thing in the place of the one recoloured; the embedded weights have not learned such edits."""
    for number, edit in enumerate(edits):
        if edit.type is not EditType.COLOR:
            continue
        (old,) = set(edit.source.things) - set(edit.target.things)
        kinds = [each for each in world.classes if all(each != thing.kind for thing in edit.source.things)]
        new = replace(old, kind=kinds[number % len(kinds)], color=None)
        things = tuple(new if each == old else each for each in edit.source.things)
        yield replace(
            edit,
            type=EditType.LOCAL,
            target=replace(edit.source, things=things),
            instruction=f"replace the {old.kind} with a {new.kind}",
        )


def edited(engine: DiffusionEngine, case: Case, way: str, seed: int, num_steps: int | None) -> Image.Image:
    """As the chat does it."""
    mask = None if way == WAYS[0] else case.place
    request = EditRequest(
        image=case.source, instruction=case.edit.instruction, seed=seed, num_steps=num_steps, mask=mask
    )
    image = engine.edit(request, ignore).image
    return image if mask is None else paste_back(case.source, image, mask)


def measure(case: Case, image: Image.Image, eyes: StickerEyes, judge: Judge) -> Result:
    asked = after_edit(case.edit.instruction, eyes.look(case.source), eyes.vocabulary)
    verdict = Verdict() if asked is None else check(asked, eyes.look(image), eyes.vocabulary)
    (reading,) = judge.detector.read([image])
    marks = score_edit(case.edit, image, reading, None)
    return Result(
        type=case.edit.type,
        is_seen=verdict.passes if verdict.is_checked else None,
        success=marks.success,
        score=marks.score,
        outside=compare(case.source, image, case.meant).outside or 0.0,
    )


def line(results: Sequence[Result]) -> str:
    told = [each.is_seen for each in results if each.is_seen is not None]
    success = statistics.mean(each.success for each in results)
    score = statistics.mean(each.score for each in results)
    outside = statistics.mean(each.outside for each in results)
    return f"seen {sum(told)} of {len(told)}, success {success:.2f}, score {score:.2f}, outside {outside:.2%}"


def ignore(progress: Progress) -> None:
    """Nobody waits."""


if __name__ == "__main__":
    main()
