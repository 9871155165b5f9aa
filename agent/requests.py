"""Step -> Call: which engine is asked for what, and what becomes of its answer before it is kept."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace

from PIL import Image, ImageOps

from agent.adjust import adjust, extended, flat
from agent.artifacts import Artifacts
from agent.calls import Call, Finished, Work, as_it_is, editing, found_edit, kept_edit, resized
from agent.changes import Locate, compare, paste_back
from agent.domain import AdjustStep, Artifact, EditStep, GenerateStep, Origin, PictureOptions, Quality, Step
from agent.errors import PlanRejected, SourceNotFound
from agent.gates.gates import Gates
from agent.limits import AS_BUILT, Limits
from agent.operations import PIXELS, Extend
from agent.places import find_place, only_recolors_or_removes
from agent.sentences import NO_SUCH_PICTURE, Sentence
from agent.sessions import Sessions
from agent.sizes import closest, is_alike, keeps_outline, wanted_size
from engines.api import Engine, GenerateRequest, OnProgress, Sample, Size

__all__ = ["Requests"]

MOST_CUT = 0.02
"""Of a canvas, that an editor may leave unseen when it fills the new part of it."""


class Requests:
    """Knows the engines, the pictures, and the eyes that find things in them, if there are any."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        artifacts: Artifacts,
        engines: Mapping[Quality, Engine],
        editors: Mapping[Quality, Engine],
        locate: Locate | None,
        gates: Gates = Gates(),
        limits: Limits = AS_BUILT,
    ) -> None:
        self.sessions = sessions
        self.artifacts = artifacts
        self.engines = engines
        self.editors = editors
        self.locate = locate
        self.gates = gates
        self.limits = limits

    def reads_description(self, options: PictureOptions) -> bool:
        """Whether the editor is better told what the result shows."""
        editor = self.editors.get(options.quality) or next(iter(self.editors.values()), None)
        return editor is not None and editor.info.reads_description

    def prepare(self, step: Step, work: Work) -> Call:
        """Engine, size and source of a step, its words checked. Raises AgentError."""
        match step:
            case GenerateStep():
                return self._generation(step, work)
            case EditStep():
                return self._edit(step, work)
            case AdjustStep():
                return self._adjustment(step, work)

    def _generation(self, step: GenerateStep, work: Work) -> Call:
        options = work.turn.options
        self.gates.require_words(step.prompt, work.replies.language)
        self.gates.require_unwanted(options.negative_prompt, step.prompt, work.replies.language)
        engine, notices = choose(self.engines, work)
        size = wanted_size(
            step,
            options,
            engine.info.sizes,
            takes_others=engine.info.takes_other_sizes,
            most_side_px=self.limits.side_px,
        )
        if not keeps_outline(step, options, size):
            notices.append(work.replies.only_these_sizes(str(size)))

        def make(seed: int, report: OnProgress) -> Sample:
            request = GenerateRequest(
                prompt=step.prompt,
                seed=seed,
                negative_prompt=options.negative_prompt,
                size=size,
                num_steps=options.num_steps,
                guidance=options.guidance,
            )
            return engine.generate(request, report)

        return Call(
            make=make,
            finish=as_it_is,
            words=step.prompt,
            unwanted=options.negative_prompt,
            caption=step.wish,
            notices=notices,
        )

    def _edit(self, step: EditStep, work: Work) -> Call:
        if not (step.width and step.height):
            return self._change(step, work)
        size = Size(step.width, step.height)
        call = self._change(step, work, size)
        if step.mask is None:
            return resized(call, size, work.replies)
        own = Size(call.source.width, call.source.height) if call.source else size
        notices = [work.replies.keeps_its_size(str(own))] if own != size else []
        return replace(call, notices=[*call.notices, *notices])

    def _change(self, step: EditStep, work: Work, wanted: Size | None = None) -> Call:
        """At the size that it comes in, the picture's own or the engine's.

        What shall have the picture's own outline in the end keeps it, whatever the engine's is.
        """
        engine, notices = choose(self.editors, work)
        source = self._source(step.source, work)
        self._check_edit(step, source, work)
        layer = self._image(source)
        image = flat(layer)
        self.gates.require_picture(image, work.replies.language)
        if step.mask is not None:
            return kept_edit(engine, step, source, layer, self._mask(step.mask, source, work))
        place = self._place(image, step.instruction)
        is_asked = step.keeps_rest or work.turn.options.keeps_rest
        if place is not None and (is_asked or keeps_place(step, work.turn.options, engine)):
            stays = wanted in (None, Size(*image.size))
            notices = [work.replies.rest_kept()] if stays and not is_asked else []
            return kept_edit(engine, step, source, layer, place, notices)
        if is_asked:
            return found_edit(engine, step, source, image, work.replies)
        own, size = Size(*image.size), closest(image.width / image.height, engine.info.sizes)
        keeps_size = wanted is not None and is_alike(wanted, own) and not is_alike(size, own)
        if own != size and not keeps_size:
            image = ImageOps.fit(image, (size.width, size.height), Image.Resampling.LANCZOS)
            place = None if place is None else ImageOps.fit(place, image.size, Image.Resampling.NEAREST)
            notices.append(work.replies.fitted(source.handle, str(size)))

        def finish(edited: Image.Image) -> Finished:
            seen = None if place is None or place.size != edited.size else place
            return Finished(image=edited, change=compare(image, edited, seen))

        return Call(
            make=editing(engine, image, step, keeps_size=keeps_size),
            finish=finish,
            words=step.instruction,
            source=source,
            before=image,
            notices=notices,
        )

    def _adjustment(self, step: AdjustStep, work: Work) -> Call:
        source = self._source(step.source, work)
        image = self._image(source)
        self.gates.require_picture(image, work.replies.language)
        if isinstance(step.operation, Extend):
            outpainting = self._outpainting(step, step.operation, source, work)
            if outpainting is not None:
                return outpainting

        def make(seed: int, report: OnProgress) -> Sample:
            return Sample(
                image=adjust(image, step.operation, self.limits.side_px),
                preset=PIXELS,
                weights_hash="",
                seed=0,
                num_steps=0,
                guidance=0.0,
                sampler="",
            )

        def finish(made: Image.Image) -> Finished:
            said = work.replies.adjusted(step.operation, f"{made.width}x{made.height}")
            return Finished(image=made, notices=[said])

        return Call(
            make=make,
            finish=finish,
            words=step.instruction,
            source=source,
            operation=step.operation,
            needs_device=False,
        )

    def _outpainting(self, step: AdjustStep, operation: Extend, source: Artifact, work: Work) -> Call | None:
        """The new canvas painted by an editor that takes any words and sees all of it; None without one."""
        if not self.editors:
            return None
        engine, notices = choose(self.editors, work)
        canvas = extended(flat(self._image(source)), operation, self.limits.side_px)
        if engine.info.vocabulary or not sees_all(engine, canvas.image):
            return None
        words = f"continue the picture into the blurred part: {source.caption}".rstrip(": ")
        edit_step = EditStep(instruction=words[:4000], source=source.id)
        self._check_edit(edit_step, source, work)
        call = kept_edit(engine, edit_step, source, canvas.image, canvas.new)

        def finish(made: Image.Image) -> Finished:
            said = work.replies.outpainted(f"{made.width}x{made.height}", engine.info.preset)
            return Finished(image=paste_back(canvas.image, made, canvas.new), notices=[*notices, said])

        return Call(make=call.make, finish=finish, words=step.instruction, source=source, operation=operation)

    def _check_edit(self, step: EditStep, source: Artifact, work: Work) -> None:
        """Raises UnsafeRequest: what the picture shows counts too, and what a brain says it will show."""
        lineage = self.lineage(source, work.owner)
        shown = "\n".join(f"{each.caption}\n{each.recipe.words if each.recipe else ''}" for each in lineage)
        is_upload = any(each.origin is Origin.UPLOADED for each in lineage)
        language = work.replies.language
        self.gates.require_words(step.instruction, language, shown=shown, is_upload=is_upload)
        if step.description:
            self.gates.require_words(step.description, language)

    def _image(self, artifact: Artifact) -> Image.Image:
        """RGB, or RGBA of a cut-out."""
        with Image.open(io.BytesIO(self.artifacts.read(artifact.sha256)), formats=("PNG",)) as file:
            return file.convert("RGBA" if file.has_transparency_data else "RGB")

    def _mask(self, mask_id: str, source: Artifact, work: Work) -> Image.Image:
        """What the user painted over `source`. Raises SourceNotFound for a mask of anything else."""
        mask = self.sessions.artifact(mask_id, work.owner)
        if mask.origin is not Origin.MASK or mask.parents != (source.id,):
            raise SourceNotFound(
                Sentence(
                    f"What you painted does not belong to {source.handle}. Please paint it again.",
                    f"涂抹的区域不属于 {source.handle}。请重新涂抹。",
                )
            )
        return self._image(mask).convert("L")

    def _place(self, image: Image.Image, instruction: str) -> Image.Image | None:
        """Where an instruction means to work, as far as words and eyes tell."""
        return None if self.locate is None else find_place(image, instruction, self.locate)

    def _source(self, source: str, work: Work) -> Artifact:
        """An artifact id of this session, or "step1".. for the last picture of an earlier step."""
        if source.startswith("step") and source[4:].isdigit():
            number = int(source[4:])
            if not 1 <= number <= len(work.made) or not work.made[number - 1]:
                raise SourceNotFound(
                    Sentence(
                        f"Step {number} has made no picture to change. Please ask for it again.",
                        f"第 {number} 步没有生成可以修改的图片。请再说一次。",
                    )
                )
            return work.made[number - 1][-1]
        artifact = self.sessions.artifact(source, work.owner)
        if artifact.session_id != work.turn.session_id or artifact.origin is Origin.MASK:
            raise SourceNotFound(NO_SUCH_PICTURE)
        return artifact

    def lineage(self, artifact: Artifact, owner: str) -> list[Artifact]:
        """The picture and all it came from: their words tell what it shows."""
        lineage = [artifact]
        for member in lineage:
            known = {each.id for each in lineage}
            lineage += [self.sessions.artifact(each, owner) for each in member.parents if each not in known]
        return lineage


def keeps_place(step: EditStep, options: PictureOptions, engine: Engine) -> bool:
    """Whether the change goes better, and less far, where it may reach nothing but its thing.

    That was measured for recolouring and removing (python -m tests.bench.kept).
    """
    colors = engine.info.vocabulary.get("colors", ())
    return options.keeps_place and only_recolors_or_removes(step.instruction, colors)


def sees_all(engine: Engine, canvas: Image.Image) -> bool:
    """Whether the engine's nearest size cuts next to nothing off."""
    size = closest(canvas.width / canvas.height, engine.info.sizes)
    ratio = canvas.width * size.height / (canvas.height * size.width)
    return engine.info.takes_other_sizes or min(ratio, 1 / ratio) >= 1 - MOST_CUT


def choose(engines: Mapping[Quality, Engine], work: Work) -> tuple[Engine, list[str]]:
    """The engine of the wanted quality, or the only one there is and a notice that says so."""
    quality = work.turn.options.quality
    if quality in engines:
        return engines[quality], []
    if not engines:
        raise PlanRejected(
            Sentence(
                "No engine for this is loaded here. Please start Reverie with one that can do it.",
                "这里没有能做这件事的引擎。请用支持它的引擎启动 Reverie。",
            )
        )
    engine = next(iter(engines.values()))
    return engine, [work.replies.other_quality(engine.info.preset)]
