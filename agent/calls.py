"""A step made ready to run, and the ways an edit can keep what was not meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageOps

from agent.adjust import flat
from agent.cancel import CancelToken
from agent.changes import changed_region, compare, is_wide, paste_back
from agent.domain import Artifact, Change, EditStep, Turn
from agent.operations import Operation
from agent.pipe import EventPipe
from agent.replies import Replies
from agent.sizes import is_alike
from engines.api import EditRequest, Engine, OnProgress, Sample, Size

__all__ = ["Call", "Finished", "Work", "as_it_is", "editing", "found_edit", "kept_edit", "resized"]


@dataclass(frozen=True, kw_only=True)
class Work:
    """Step `index` of a turn. `made`: the pictures of each earlier step; `on_made` hears of each new one."""

    turn: Turn
    owner: str
    index: int
    made: Sequence[Sequence[Artifact]]
    on_made: Callable[[Artifact], None]
    replies: Replies
    token: CancelToken
    pipe: EventPipe


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A picture as it will be kept, and what the user should hear of it."""

    image: Image.Image
    change: Change | None = None
    notices: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Call:
    """One step made ready: `make` wants only a seed and a listener, `finish` works on what came of it.

    `unwanted` is what the picture shall not show, `caption` what it is known by, if not by `words`. `before`
    is what an edit begins with, as the engine is shown it. `needs_device` is False for what Pillow does
    alone. `notices` say what was fitted.
    """

    make: Callable[[int, OnProgress], Sample]
    finish: Callable[[Image.Image], Finished]
    words: str
    unwanted: str = ""
    caption: str = ""
    source: Artifact | None = None
    before: Image.Image | None = None
    operation: Operation | None = None
    mask: str | None = None
    keeps_rest: bool = False
    needs_device: bool = True
    notices: Sequence[str] = ()


def resized(call: Call, size: Size, replies: Replies) -> Call:
    """Its pictures brought to `size` at last, Lanczos.

    Exactly that size is delivered, for programs rely on it, and nothing is stretched: where the outlines
    differ, both ends of what is too long are cut off, and it is said.
    """

    def finish(made: Image.Image) -> Finished:
        finished = call.finish(made)
        image = finished.image
        if image.size == (size.width, size.height):
            return finished
        said = replies.brought_to(str(size), is_cut=not is_alike(Size(*image.size), size))
        image = ImageOps.fit(image, (size.width, size.height), Image.Resampling.LANCZOS)
        return replace(finished, image=image, notices=[*finished.notices, said])

    return replace(call, finish=finish)


def as_it_is(image: Image.Image) -> Finished:
    return Finished(image=image)


def editing(
    engine: Engine,
    image: Image.Image,
    step: EditStep,
    mask: Image.Image | None = None,
    *,
    keeps_size: bool = False,
) -> Callable[[int, OnProgress], Sample]:
    def make(seed: int, report: OnProgress) -> Sample:
        request = EditRequest(
            image=image,
            instruction=step.instruction,
            description=step.description,
            seed=seed,
            mask=mask,
            keeps_size=keeps_size,
        )
        return engine.edit(request, report)

    return make


def kept_edit(
    engine: Engine,
    step: EditStep,
    source: Artifact,
    image: Image.Image,
    region: Image.Image,
    notices: Sequence[str] = (),
) -> Call:
    """An edit of a known region, at the picture's own size. What the engine kept is put back all the same."""
    layer, image = image, flat(image)

    def finish(edited: Image.Image) -> Finished:
        whole = paste_back(layer, edited, region)
        return Finished(image=whole, change=compare(image, flat(whole), region, is_kept=True))

    make = editing(engine, image, step, region)
    return Call(
        make=make,
        finish=finish,
        words=step.instruction,
        source=source,
        before=image,
        mask=step.mask,
        keeps_rest=step.mask is None,
        notices=notices,
    )


def found_edit(
    engine: Engine, step: EditStep, source: Artifact, image: Image.Image, replies: Replies
) -> Call:
    """An edit of the whole, of which only the main place of change is kept, at the picture's own size."""

    def finish(edited: Image.Image) -> Finished:
        region = changed_region(image, edited)
        whole = paste_back(image, edited, region)
        change = compare(image, whole, region, is_kept=True)
        notices = [replies.nothing_changed()] if region.getbbox() is None else []
        if is_wide(region):
            notices.append(replies.all_changed())
        return Finished(image=whole, change=change, notices=notices)

    everywhere = Image.new("L", image.size, 255)
    make = editing(engine, image, step, everywhere)
    return Call(
        make=make, finish=finish, words=step.instruction, source=source, before=image, keeps_rest=True
    )
