"""Step -> request -> job -> artifact: carries out one step of a plan, picture by picture."""

from __future__ import annotations

import io
import math
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageOps

from agent.artifacts import Artifacts
from agent.cancel import CancelToken
from agent.domain import (
    Artifact,
    EditStep,
    GenerateStep,
    Origin,
    PictureOptions,
    Quality,
    Recipe,
    Shape,
    Step,
    Turn,
)
from agent.errors import PlanRejected, SourceNotFound
from agent.jobs import Jobs
from agent.metadata import png_with_recipe
from agent.pipe import EventPipe
from agent.replies import Replies
from agent.safety import check_picture, check_words
from agent.sessions import NewPicture, Sessions
from engines.api import EditRequest, Engine, GenerateRequest, OnProgress, Progress, Sample, Size

__all__ = ["Executor", "StepResult", "Work"]

PREVIEW_QUALITY = 80
LETTERS = "abcdefghijklmnop"
"""Of the candidates of one step."""
ASPECTS = {Shape.SQUARE: 1.0, Shape.LANDSCAPE: 1.5, Shape.PORTRAIT: 1 / 1.5}


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
class StepResult:
    """All pictures of a step, and what the user should hear of how they were made."""

    artifacts: Sequence[Artifact]
    notices: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One step made ready: `make` wants only a seed and a listener. `notices` say what was fitted."""

    make: Callable[[int, OnProgress], Sample]
    words: str
    source: Artifact | None = None
    notices: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What the engine made, and how long it worked on it."""

    sample: Sample
    seconds: float


class Executor:
    """Knows the engines, their one device and where pictures go. An engine of one quality serves both."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        artifacts: Artifacts,
        jobs: Jobs,
        engines: Mapping[Quality, Engine],
        editors: Mapping[Quality, Engine],
    ) -> None:
        self.sessions = sessions
        self.artifacts = artifacts
        self.jobs = jobs
        self.engines = engines
        self.editors = editors

    def run(self, step: Step, work: Work) -> StepResult:
        """Make the pictures of a step, each on disk and with its row before the next begins.

        Pictures that an interrupted run has made already are not made again. Raises AgentError, EngineError.
        """
        call = self._prepare(step, work)
        made = {each.candidate: each for each in work.turn.artifacts if each.step == work.index}
        seed = base_seed(work.turn.options, made)
        notices = dict.fromkeys(call.notices)
        for candidate in range(1, step.num_pictures + 1):
            if candidate in made:
                continue
            drawn = self._draw(call, seed + candidate - 1, work)
            sample = drawn.sample
            if sample.is_prompt_cut:
                notices[work.replies.prompt_cut()] = None
            if sample.note:
                notices[sample.note] = None
            letter = LETTERS[candidate - 1] if step.num_pictures > 1 else ""
            made[candidate] = self._keep(drawn, call, candidate, letter, work)
            work.on_made(made[candidate])
        return StepResult(artifacts=[made[each] for each in sorted(made)], notices=[*notices])

    def _prepare(self, step: Step, work: Work) -> Call:
        """Engine, size and source of a step, its words checked."""
        work.token.raise_if_cancelled()
        return self._generation(step, work) if isinstance(step, GenerateStep) else self._edit(step, work)

    def _generation(self, step: GenerateStep, work: Work) -> Call:
        check_words(step.prompt)
        engine, notices = choose(self.engines, work)
        size = wanted_size(step, work.turn.options, engine.info.sizes)
        if not keeps_outline(step, work.turn.options, size):
            notices.append(work.replies.only_these_sizes(str(size)))

        def make(seed: int, report: OnProgress) -> Sample:
            request = GenerateRequest(
                prompt=step.prompt,
                seed=seed,
                size=size,
                num_steps=work.turn.options.num_steps,
                guidance=work.turn.options.guidance,
            )
            return engine.generate(request, report)

        return Call(make=make, words=step.prompt, notices=notices)

    def _edit(self, step: EditStep, work: Work) -> Call:
        engine, notices = choose(self.editors, work)
        source = self._source(step.source, work)
        lineage = self._lineage(source, work.owner)
        shown = "\n".join(f"{each.caption}\n{each.recipe.words if each.recipe else ''}" for each in lineage)
        is_upload = any(each.origin is Origin.UPLOADED for each in lineage)
        check_words(step.instruction, shown, is_upload=is_upload)
        with Image.open(io.BytesIO(self.artifacts.read(source.sha256)), formats=("PNG",)) as file:
            image = file.convert("RGB")
        size = closest(image.width / image.height, engine.info.sizes)
        if image.size != (size.width, size.height):
            image = ImageOps.fit(image, (size.width, size.height), Image.Resampling.LANCZOS)
            notices.append(work.replies.fitted(source.handle, str(size)))

        def make(seed: int, report: OnProgress) -> Sample:
            return engine.edit(EditRequest(image=image, instruction=step.instruction, seed=seed), report)

        return Call(make=make, words=step.instruction, source=source, notices=notices)

    def _source(self, source: str, work: Work) -> Artifact:
        """An artifact id of this session, or "step1".. for the last picture of an earlier step."""
        if source.startswith("step") and source[4:].isdigit():
            number = int(source[4:])
            if not 1 <= number <= len(work.made) or not work.made[number - 1]:
                raise SourceNotFound(f"Step {number} has made no picture to change. Please ask for it again.")
            return work.made[number - 1][-1]
        artifact = self.sessions.artifact(source, work.owner)
        if artifact.session_id != work.turn.session_id:
            raise SourceNotFound("There is no such picture here. Please pick one from this conversation.")
        return artifact

    def _lineage(self, artifact: Artifact, owner: str) -> list[Artifact]:
        """The picture and all it came from: their words tell what it shows."""
        lineage = [artifact]
        for member in lineage:
            known = {each.id for each in lineage}
            lineage += [self.sessions.artifact(each, owner) for each in member.parents if each not in known]
        return lineage

    def _draw(self, call: Call, seed: int, work: Work) -> Drawn:
        """One engine call through the device's line."""
        begun: float | None = None

        def on_progress(progress: Progress) -> None:
            nonlocal begun
            begun = begun or time.monotonic()
            preview = None if progress.preview is None else jpeg(progress.preview)
            work.pipe.progress(work.index, progress.step, progress.num_steps, preview)

        sample = self.jobs.run(
            lambda report: call.make(seed, report),
            token=work.token,
            on_place=lambda place: work.pipe.queued(work.index, place),
            on_progress=on_progress,
        )
        seconds = time.monotonic() - begun if begun else 0.0
        check_picture(sample.image)
        return Drawn(sample=sample, seconds=seconds)

    def _keep(self, drawn: Drawn, call: Call, candidate: int, letter: str, work: Work) -> Artifact:
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
            width=sample.image.width,
            height=sample.image.height,
            parents=parents,
        )
        png = png_with_recipe(sample.image, recipe)
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
                    caption=call.words,
                    step=work.index,
                    candidate=candidate,
                    letter=letter,
                    seconds=drawn.seconds,
                ),
            )


def choose(engines: Mapping[Quality, Engine], work: Work) -> tuple[Engine, list[str]]:
    """The engine of the wanted quality, or the only one there is and a notice that says so."""
    quality = work.turn.options.quality
    if quality in engines:
        return engines[quality], []
    if not engines:
        raise PlanRejected("No engine for this is loaded here. Please start Reverie with one that can do it.")
    engine = next(iter(engines.values()))
    return engine, [work.replies.other_quality(engine.info.preset)]


def base_seed(options: PictureOptions, finished: Mapping[int, Artifact]) -> int:
    """The seed of the first picture: the user's, the one an interrupted run began with, or 31 fresh bits."""
    if options.seed is not None:
        return options.seed
    for candidate, artifact in finished.items():
        if artifact.recipe is not None:
            return artifact.recipe.seed - (candidate - 1)
    return secrets.randbits(31)


def wanted_aspect(step: GenerateStep, options: PictureOptions) -> float:
    if step.width and step.height:
        return step.width / step.height
    return ASPECTS[step.shape or options.shape]


def wanted_size(step: GenerateStep, options: PictureOptions, sizes: Sequence[Size]) -> Size:
    """The size asked for if the engine has it, else the one of the closest outline."""
    if step.width and step.height and Size(step.width, step.height) in sizes:
        return Size(step.width, step.height)
    return closest(wanted_aspect(step, options), sizes)


def keeps_outline(step: GenerateStep, options: PictureOptions, size: Size) -> bool:
    """Whether the size is what was asked for: the same pixels, or a shape of the same kind."""
    if step.width and step.height:
        return (step.width, step.height) == (size.width, size.height)
    match step.shape or options.shape:
        case Shape.SQUARE:
            return size.width == size.height
        case Shape.LANDSCAPE:
            return size.width > size.height
        case Shape.PORTRAIT:
            return size.width < size.height


def closest(aspect: float, sizes: Sequence[Size]) -> Size:
    """The size whose outline is closest, the earlier one when equal."""
    return min(sizes, key=lambda size: abs(math.log(aspect * size.height / size.width)))


def jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=PREVIEW_QUALITY)
    return file.getvalue()
