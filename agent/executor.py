"""Step -> request -> job -> artifact: carries out one step of a plan, picture by picture."""

from __future__ import annotations

import io
import secrets
import time
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace

from PIL import Image

from agent.artifacts import Artifacts
from agent.asked import Asked
from agent.calls import Call, Work
from agent.checking import Attempt, Checker, better, num_tries
from agent.domain import (
    MAX_PICTURES_PER_TURN,
    Artifact,
    GenerateStep,
    Origin,
    PictureOptions,
    Quality,
    Recipe,
    SourceType,
    Step,
)
from agent.errors import SourceNotFound
from agent.gates.gates import Gates
from agent.jobs import Jobs, Place
from agent.keeping import keeping
from agent.limits import AS_BUILT, Limits
from agent.marks import source_type_of, xmp
from agent.metadata import png_with_recipe
from agent.places import by_eyes
from agent.replies import Replies
from agent.requests import Requests
from agent.safety import check_picture
from agent.sessions import NewPicture, Sessions
from agent.upload_marks import mark_of
from engines.api import Engine, Eyes, Progress, Sample

__all__ = ["Executor", "StepResult", "Work"]

PREVIEW_QUALITY = 80
LETTERS = "abcdefghijklmnop"
"""Of the candidates of one step."""


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """All pictures of a step, and what the user should hear of how they were made."""

    artifacts: Sequence[Artifact]
    notices: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What the engine made, and how long it worked on it."""

    sample: Sample
    seconds: float


class Executor:
    """Knows the line to the devices and where pictures go. An engine of one quality serves both."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        artifacts: Artifacts,
        jobs: Jobs,
        engines: Mapping[Quality, Engine],
        editors: Mapping[Quality, Engine],
        eyes: Eyes | None = None,
        gates: Gates = Gates(),
        limits: Limits = AS_BUILT,
    ) -> None:
        """`eyes` find things in pictures and check what was made, `gates` say what is not made at all.

        Exact work on pictures has a line of its own beside the device's, under the same rules.
        """
        self.sessions = sessions
        self.artifacts = artifacts
        self.jobs = jobs
        self.desk = Jobs(limits=jobs.limits)
        self.limits = limits
        self.requests = Requests(
            sessions=sessions,
            artifacts=artifacts,
            engines=engines,
            editors=editors,
            locate=None if eyes is None else by_eyes(eyes),
            gates=gates,
            limits=limits,
        )
        self.gates = gates
        self.checker = Checker(eyes)

    def reads_description(self, options: PictureOptions) -> bool:
        """Whether the editor is better told what the result shows."""
        return self.requests.reads_description(options)

    def close(self) -> None:
        """The desk; whoever opened the device's line closes that."""
        self.desk.close()

    def run(self, step: Step, work: Work) -> StepResult:
        """Make the pictures of a step, each on disk and with its row before the next begins.

        Pictures that an interrupted run has made already are not made again. Raises AgentError, EngineError.
        """
        work.token.raise_if_cancelled()
        call = self.requests.prepare(step, work)
        made = {each.candidate: each for each in work.turn.artifacts if each.step == work.index}
        seed = base_seed(None if is_variation(step) else work.turn.options.seed, made)
        notices = dict.fromkeys(call.notices)
        for candidate in range(1, step.num_pictures + 1):
            if candidate in made:
                continue
            kept = self._best(call, seed + candidate - 1, work)
            letter = LETTERS[candidate - 1] if step.num_pictures > 1 else ""
            made[candidate] = self._keep(kept, call, candidate, letter, work)
            work.on_made(made[candidate])
            notices |= dict.fromkeys(said_of(kept, made[candidate].handle, work.replies))
        return StepResult(artifacts=[made[each] for each in sorted(made)], notices=[*notices])

    def _best(self, call: Call, seed: int, work: Work) -> Attempt:
        """The picture to keep, of one try or several."""
        expected = self.checker.expected(call, work.turn.options)
        best = self._attempt(call, seed, expected, 1, work)
        first, number, seconds = best.verdict, 1, best.seconds
        while not best.is_good and number < num_tries(call, work.turn.options, expected):
            number += 1
            seed += MAX_PICTURES_PER_TURN
            tried = self._attempt(call, seed, expected, number, work)
            best, seconds = better(best, tried), seconds + tried.seconds
        return replace(best, first=first, num_tries=number, seconds=seconds)

    def _attempt(self, call: Call, seed: int, expected: Asked | None, number: int, work: Work) -> Attempt:
        drawn = self._draw(call, seed, work)
        finished = call.finish(drawn.sample.image)
        self.gates.require_picture(finished.image, work.replies.language)
        verdict = self.checker.verdict(finished.image, expected, work.replies.language)
        return Attempt(
            sample=drawn.sample, finished=finished, verdict=verdict, number=number, seconds=drawn.seconds
        )

    def _draw(self, call: Call, seed: int, work: Work) -> Drawn:
        """One call through the device's line; what needs no device does not wait for it."""
        begun = time.monotonic()
        source_type = source_type_of(self._ancestors(call, work), preset="")
        mark = xmp(source_type).encode() if source_type else b""

        def on_progress(progress: Progress) -> None:
            nonlocal begun
            begun = time.monotonic() if progress.step == 0 else begun
            is_shown = progress.preview is not None and not self.gates.look
            preview = jpeg(progress.preview, mark) if is_shown and progress.preview else None
            work.pipe.progress(work.index, progress.step, progress.num_steps, preview)

        def on_place(place: Place) -> None:
            if call.needs_device or place.ahead:
                work.pipe.queued(work.index, place.ahead, place.seconds)

        here = copy_context()
        jobs = self.jobs if call.needs_device else self.desk
        verb = "drawing" if call.source is None else "change" if call.needs_device else "exact work"
        sample = jobs.run(
            lambda report: here.run(call.make, seed, report),
            token=work.token,
            on_place=on_place,
            on_progress=on_progress,
            kind=f"{verb} {work.turn.options.quality}",
        )
        seconds = time.monotonic() - begun
        if call.needs_device:
            check_picture(sample.image)
        return Drawn(sample=sample, seconds=seconds)

    def _ancestors(self, call: Call, work: Work) -> Sequence[Artifact]:
        return () if call.source is None else self.requests.lineage(call.source, work.owner)

    def _mark(self, upload: Artifact) -> SourceType | None:
        try:
            return mark_of(self.artifacts.read(upload.sha256))
        except SourceNotFound:
            return None

    def _keep(self, kept: Attempt, call: Call, candidate: int, letter: str, work: Work) -> Artifact:
        """The file first, then the row. Who was stopped meanwhile, or whose chat is gone, keeps neither."""
        sample, finished = kept.sample, kept.finished
        parents = () if call.source is None else (call.source.id,)
        recipe = Recipe(
            words=work.turn.text,
            prompt=call.words,
            negative_prompt=call.unwanted if sample.guidance > 1 else "",
            preset=sample.preset,
            weights_hash=sample.weights_hash,
            seed=sample.seed,
            num_steps=sample.num_steps,
            guidance=sample.guidance,
            image_guidance=sample.image_guidance,
            sampler=sample.sampler,
            width=finished.image.width,
            height=finished.image.height,
            parents=parents,
            source_type=source_type_of(self._ancestors(call, work), sample.preset, self._mark),
            operation=call.operation,
            mask=call.mask,
            keeps_rest=call.keeps_rest,
        )
        png = png_with_recipe(finished.image, recipe)
        with keeping(self.artifacts, self.sessions) as put:
            work.token.raise_if_cancelled()
            return self.sessions.add_artifact(
                work.turn.id,
                NewPicture(
                    sha256=put(png),
                    width=recipe.width,
                    height=recipe.height,
                    origin=Origin.GENERATED if call.source is None else Origin.EDITED,
                    parents=parents,
                    recipe=recipe,
                    caption=call.caption or call.words,
                    step=work.index,
                    candidate=candidate,
                    letter=letter,
                    change=finished.change,
                    check=kept.to_check(),
                    seconds=kept.seconds,
                ),
            )


def said_of(kept: Attempt, handle: str, replies: Replies) -> list[str]:
    """What the user should hear of how a picture was made."""
    said = [replies.prompt_cut() if kept.sample.is_prompt_cut else "", kept.sample.note]
    said += kept.finished.notices
    if kept.first is not None and kept.verdict is not None and not kept.first.passes:
        said.append(replies.checked(handle, kept.first.sentence(), kept.verdict.sentence(), kept.num_tries))
    return [sentence for sentence in said if sentence]


def is_variation(step: Step) -> bool:
    return isinstance(step, GenerateStep) and step.is_variation


def base_seed(wanted: int | None, finished: Mapping[int, Artifact]) -> int:
    """The seed of the first picture: the user's, the one an interrupted run began with, or 31 fresh bits."""
    if wanted is not None:
        return wanted
    for candidate, artifact in finished.items():
        if artifact.recipe is not None:
            attempt = artifact.check.attempt if artifact.check else 1
            return artifact.recipe.seed - (candidate - 1) - MAX_PICTURES_PER_TURN * (attempt - 1)
    return secrets.randbits(31)


def jpeg(image: Image.Image, mark: bytes) -> bytes:
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=PREVIEW_QUALITY, xmp=mark)
    return file.getvalue()
