"""Step -> request -> job -> artifact: carries out one step of a plan, picture by picture."""

from __future__ import annotations

import io
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from agent.artifacts import Artifacts
from agent.calls import Call, Finished, Work
from agent.changes import Locate
from agent.domain import Artifact, GenerateStep, Origin, Quality, Recipe, Step
from agent.jobs import Jobs
from agent.metadata import png_with_recipe
from agent.requests import Requests
from agent.safety import check_picture
from agent.sessions import NewPicture, Sessions
from engines.api import Engine, Progress, Sample

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
    """Knows the one device and where pictures go. An engine of one quality serves both."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        artifacts: Artifacts,
        jobs: Jobs,
        engines: Mapping[Quality, Engine],
        editors: Mapping[Quality, Engine],
        locate: Locate | None = None,
    ) -> None:
        """`locate` finds things in pictures, where there are eyes."""
        self.sessions = sessions
        self.artifacts = artifacts
        self.jobs = jobs
        self.requests = Requests(
            sessions=sessions, artifacts=artifacts, engines=engines, editors=editors, locate=locate
        )

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
            drawn = self._draw(call, seed + candidate - 1, work)
            sample = drawn.sample
            finished = call.finish(sample.image)
            told = [work.replies.prompt_cut()] if sample.is_prompt_cut else []
            notices |= dict.fromkeys(filter(None, [*told, sample.note, *finished.notices]))
            letter = LETTERS[candidate - 1] if step.num_pictures > 1 else ""
            made[candidate] = self._keep(drawn, finished, call, candidate, letter, work)
            work.on_made(made[candidate])
        return StepResult(artifacts=[made[each] for each in sorted(made)], notices=[*notices])

    def _draw(self, call: Call, seed: int, work: Work) -> Drawn:
        """One engine call through the device's line; what needs no device does not wait for it."""
        begun = time.monotonic()
        if not call.needs_device:
            sample = call.make(seed, lambda progress: work.token.raise_if_cancelled())
            return Drawn(sample=sample, seconds=time.monotonic() - begun)

        def on_progress(progress: Progress) -> None:
            nonlocal begun
            begun = time.monotonic() if progress.step == 0 else begun
            preview = None if progress.preview is None else jpeg(progress.preview)
            work.pipe.progress(work.index, progress.step, progress.num_steps, preview)

        sample = self.jobs.run(
            lambda report: call.make(seed, report),
            token=work.token,
            on_place=lambda place: work.pipe.queued(work.index, place),
            on_progress=on_progress,
        )
        seconds = time.monotonic() - begun
        check_picture(sample.image)
        return Drawn(sample=sample, seconds=seconds)

    def _keep(
        self, drawn: Drawn, finished: Finished, call: Call, candidate: int, letter: str, work: Work
    ) -> Artifact:
        """The file first, then the row."""
        sample = drawn.sample
        parents = () if call.source is None else (call.source.id,)
        recipe = Recipe(
            words=work.turn.text,
            prompt=call.words,
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
            operation=call.operation,
            mask=call.mask,
            keeps_rest=call.keeps_rest,
        )
        png = png_with_recipe(finished.image, recipe)
        with self.artifacts.lock:
            return self.sessions.add_artifact(
                work.turn.id,
                NewPicture(
                    sha256=self.artifacts.put(png),
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
                    seconds=drawn.seconds,
                ),
            )


def is_variation(step: Step) -> bool:
    return isinstance(step, GenerateStep) and step.is_variation


def base_seed(wanted: int | None, finished: Mapping[int, Artifact]) -> int:
    """The seed of the first picture: the user's, the one an interrupted run began with, or 31 fresh bits."""
    if wanted is not None:
        return wanted
    for candidate, artifact in finished.items():
        if artifact.recipe is not None:
            return artifact.recipe.seed - (candidate - 1)
    return secrets.randbits(31)


def jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=PREVIEW_QUALITY)
    return file.getvalue()
