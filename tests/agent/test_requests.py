"""Edits that keep what was not meant, and exact work: what reaches the engine and what is kept."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agent.domain import (
    AdjustStep,
    Artifact,
    EditStep,
    GenerateStep,
    Origin,
    PictureOptions,
    Quality,
    Session,
    Step,
)
from agent.errors import SourceNotFound
from agent.events import StepProgress, StepQueued
from agent.executor import Executor, StepResult
from agent.metadata import read_recipe
from agent.operations import PIXELS, Crop, CutOut, Extend, Operation, Rotate, Side, Upscale
from agent.sessions import NewPicture
from engines.api import Box, EditRequest, EngineInfo, Eyes, GenerateRequest, OnProgress, Sample
from engines.errors import NonFiniteOutput
from engines.fake import FakeEngine, Fault
from tests.agent.test_executor import begin, carry_out, upload
from tests.doubles import Agent, ScriptedEyes, build_agent

KEEPS = PictureOptions(keeps_rest=True, seed=5)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    built = build_agent(tmp_path)
    yield built
    built.close()


@pytest.fixture
def session(agent: Agent) -> Session:
    return agent.sessions.create("ann")


def sized(source: Artifact, width: int, height: int, mask: str | None = None) -> EditStep:
    return EditStep(instruction="x", source=source.id, width=width, height=height, mask=mask)


@pytest.mark.parametrize(
    ("size", "notice"),
    [
        ((128, 128), ""),
        ((512, 512), "I brought it to 512x512 by resampling."),
        ((256, 128), "I brought it to 256x128 by resampling, and cut its edges to that outline."),
    ],
)
def test_a_change_is_brought_to_the_size_asked_for(
    agent: Agent, session: Session, size: tuple[int, int], notice: str
) -> None:
    source = upload(agent, session, (128, 128))
    results = carry_out(agent, sized(source, *size), begin(agent, session))
    (made,) = results.artifacts
    assert (made.width, made.height) == size
    assert made.recipe is not None
    assert (made.recipe.width, made.recipe.height) == size
    with Image.open(io.BytesIO(agent.artifacts.read(made.sha256))) as image:
        assert image.size == size
    assert results.notices == ([notice] if notice else [])


def test_a_change_to_a_size_of_its_own_outline_shows_all_of_it(agent: Agent, session: Session) -> None:
    """Though the editor's nearest outline would have cut its ends off."""
    source, editor = upload(agent, session, (200, 60)), Drifting()
    results = carry_out(agent, sized(source, 400, 120), begin(agent, session), executor_with(agent, editor))
    assert [(each.width, each.height) for each in results.artifacts] == [(400, 120)]
    (request,) = editor.requests
    assert request.keeps_size
    assert request.image.size == (200, 60)
    assert results.notices == ["I brought it to 400x120 by resampling."]


def test_a_picture_that_was_painted_on_keeps_its_size(agent: Agent, session: Session) -> None:
    source = upload(agent, session, (128, 128))
    work = begin(agent, session)
    file = io.BytesIO()
    Image.new("L", (128, 128), 255).save(file, "PNG")
    mask = agent.sessions.add_artifact(
        source.turn_id,
        NewPicture(
            sha256=agent.artifacts.put(file.getvalue()),
            width=128,
            height=128,
            origin=Origin.MASK,
            parents=(source.id,),
        ),
    )
    results = carry_out(agent, sized(source, 512, 512, mask.id), work)
    assert [(each.width, each.height) for each in results.artifacts] == [(128, 128)]
    assert results.notices == ["It keeps its own size, 128x128: outside of what you marked nothing changes."]


class Drifting:
    """An editor as real ones are: it repaints all of the picture a little, and the disc a lot."""

    def __init__(self, strength: int = 3, vocabulary: dict[str, tuple[str, ...]] | None = None) -> None:
        self.fake = FakeEngine(vocabulary=vocabulary)
        self.strength = strength
        self.requests: list[EditRequest] = []

    @property
    def info(self) -> EngineInfo:
        return self.fake.info

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        return self.fake.generate(request, on_progress)

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
        self.requests.append(request)
        dice = np.random.default_rng(request.seed)
        pixels = np.asarray(request.image.convert("RGB"), int)
        drift = dice.integers(-self.strength, self.strength + 1, pixels.shape)
        drifted = Image.fromarray(np.clip(pixels + drift, 0, 255).astype(np.uint8))
        sample = self.fake.edit(
            EditRequest(image=drifted, instruction=request.instruction, seed=request.seed), on_progress
        )
        return sample


def executor_with(agent: Agent, editor: object, eyes: Eyes | None = None) -> Executor:
    return Executor(
        sessions=agent.sessions,
        artifacts=agent.artifacts,
        jobs=agent.jobs,
        engines={Quality.FULL: FakeEngine()},
        editors={Quality.FULL: editor},  # type: ignore[dict-item]
        eyes=eyes,
    )


def picture(agent: Agent, artifact: Artifact) -> Image.Image:
    return Image.open(io.BytesIO(agent.artifacts.read(artifact.sha256)))


def pixels(agent: Agent, artifact: Artifact) -> np.ndarray:
    return np.asarray(picture(agent, artifact).convert("RGB"))


def store_mask(agent: Agent, session: Session, mask: Image.Image, source: Artifact) -> Artifact:
    file = io.BytesIO()
    mask.save(file, "PNG")
    turn = agent.sessions.open_turn(session.id, "ann", "paint", PictureOptions())
    kept = NewPicture(
        sha256=agent.artifacts.put(file.getvalue()),
        width=mask.width,
        height=mask.height,
        origin=Origin.MASK,
        parents=(source.id,),
    )
    return agent.sessions.add_artifact(turn.id, kept)


SIZES = [(128, 128), (300, 200), (97, 211), (640, 360)]


@pytest.mark.parametrize("size", SIZES)
def test_outside_a_mask_nothing_changes_at_any_size(
    agent: Agent, session: Session, size: tuple[int, int]
) -> None:
    source = upload(agent, session, size)
    mask = Image.new("L", size)
    mask.paste(255, (size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2))
    step = EditStep(instruction="red", source=source.id, mask=store_mask(agent, session, mask, source).id)
    executor = executor_with(agent, Drifting())
    (made,) = carry_out(agent, step, begin(agent, session), executor).artifacts
    before, after = pixels(agent, source), pixels(agent, made)
    outside = np.asarray(mask) == 0
    assert before.shape == after.shape
    assert (before[outside] == after[outside]).all()
    assert (before[~outside] != after[~outside]).any()
    assert made.change is not None
    assert made.change.outside == 0


@pytest.mark.parametrize("size", SIZES)
def test_the_place_of_a_change_is_found_and_the_rest_kept_to_the_bit(
    agent: Agent, session: Session, size: tuple[int, int]
) -> None:
    source = upload(agent, session, size)
    executor = executor_with(agent, Drifting())
    step = EditStep(instruction="add a red disc", source=source.id)
    result = carry_out(agent, step, begin(agent, session, KEEPS), executor)
    (made,) = result.artifacts
    before, after = pixels(agent, source), pixels(agent, made)
    assert before.shape == after.shape
    same = (before == after).all(axis=-1)
    assert 0.4 < same.mean() < 0.97, "most stays to the bit, and the disc is there"
    red = (after[..., 0] > 200) & (after[..., 1] < 60)
    assert red.mean() > 0.03
    assert made.change is not None
    assert made.change.outside == 0
    assert result.notices == []
    assert made.recipe is not None
    assert made.recipe.keeps_rest
    plain = carry_out(agent, step, begin(agent, session, PictureOptions(seed=5)), executor).artifacts[0]
    assert plain.change is not None
    assert plain.change.outside is None, "nobody can tell what was to stay"


def test_words_can_ask_to_keep_the_rest(agent: Agent, session: Session) -> None:
    source = upload(agent, session, (128, 128))
    step = EditStep(instruction="add a red disc", source=source.id, keeps_rest=True)
    (made,) = carry_out(agent, step, begin(agent, session), executor_with(agent, Drifting())).artifacts
    assert (pixels(agent, source) == pixels(agent, made)).all(axis=-1).mean() > 0.4


def test_an_edit_that_changes_nothing_says_so(agent: Agent, session: Session) -> None:
    class Idle(Drifting):
        def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
            sample = super().edit(request, on_progress)
            noise = np.asarray(request.image, int) + np.random.default_rng(0).integers(-2, 3)
            image = Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))
            return Sample(
                image=image,
                preset=sample.preset,
                weights_hash="",
                seed=1,
                num_steps=1,
                guidance=1,
                sampler="",
            )

    source = upload(agent, session, (128, 128))
    step = EditStep(instruction="x", source=source.id, keeps_rest=True)
    result = carry_out(agent, step, begin(agent, session), executor_with(agent, Idle()))
    assert (pixels(agent, source) == pixels(agent, result.artifacts[0])).all()
    assert result.notices == ["I saw no change that is more than noise, so the picture stayed as it was."]


class TheMiddle(ScriptedEyes):
    """Eyes that see every car in the middle."""

    def locate(self, image: Image.Image, words: str) -> tuple[Box, ...]:
        middle = (image.width // 4, image.height // 4, image.width // 2, image.height // 2)
        return (middle,) if words == "car" else ()


def test_eyes_tell_where_to_work_and_what_changed_besides(agent: Agent, session: Session) -> None:
    source = upload(agent, session, (128, 128))
    editor = Drifting(strength=40)
    executor = executor_with(agent, editor, TheMiddle(vocabulary={"classes": ("car",)}))
    step = EditStep(instruction="make the car red", source=source.id)
    (plain,) = carry_out(agent, step, begin(agent, session), executor).artifacts
    assert plain.change is not None
    assert plain.change.outside is not None
    assert plain.change.outside > 0
    assert editor.requests[-1].mask is None
    (kept,) = carry_out(agent, step, begin(agent, session, KEEPS), executor).artifacts
    assert editor.requests[-1].mask is not None
    assert kept.change is not None
    assert kept.change.outside == 0
    assert (pixels(agent, source)[80:] == pixels(agent, kept)[80:]).all()


COLORS = {"classes": ("car",), "colors": ("red",)}


def test_recolouring_keeps_to_its_place_and_says_so(agent: Agent, session: Session) -> None:
    source = upload(agent, session, (128, 128))
    editor = Drifting(strength=40, vocabulary=COLORS)
    executor = executor_with(agent, editor, TheMiddle(vocabulary=COLORS))
    step = EditStep(instruction="make the car red", source=source.id)
    result = carry_out(agent, step, begin(agent, session), executor)
    (made,) = result.artifacts
    assert editor.requests[-1].mask is not None
    assert "The rest is as it was, to the pixel." in result.notices
    assert (pixels(agent, source)[80:] == pixels(agent, made)[80:]).all()
    assert made.recipe is not None
    assert made.recipe.keeps_rest
    free = PictureOptions(keeps_place=False)
    (other,) = carry_out(agent, step, begin(agent, session, free), executor).artifacts
    assert editor.requests[-1].mask is None
    assert other.recipe is not None
    assert not other.recipe.keeps_rest


@pytest.mark.parametrize(
    "instruction", ["make the car bigger", "replace the car with a tree", "add a car", "make the boat red"]
)
def test_other_changes_and_things_not_found_may_go_everywhere(
    agent: Agent, session: Session, instruction: str
) -> None:
    source = upload(agent, session, (128, 128))
    editor = Drifting(vocabulary=COLORS)
    executor = executor_with(agent, editor, TheMiddle(vocabulary=COLORS))
    step = EditStep(instruction=instruction, source=source.id)
    result = carry_out(agent, step, begin(agent, session), executor)
    assert editor.requests[-1].mask is None
    assert "The rest is as it was, to the pixel." not in result.notices


@pytest.mark.parametrize("belongs_to", ["another picture", "another session", "an upload"])
def test_a_mask_of_anything_else_is_refused(agent: Agent, session: Session, belongs_to: str) -> None:
    source = upload(agent, session, (128, 128))
    other = upload(agent, session, (128, 128))
    elsewhere = agent.sessions.create("ann")
    masks = {
        "another picture": store_mask(agent, session, Image.new("L", (128, 128), 255), other),
        "another session": store_mask(
            agent, elsewhere, Image.new("L", (128, 128), 255), upload(agent, elsewhere, (128, 128))
        ),
        "an upload": other,
    }
    step = EditStep(instruction="x", source=source.id, mask=masks[belongs_to].id)
    with pytest.raises(SourceNotFound, match="paint it again"):
        carry_out(agent, step, begin(agent, session))


def adjusted(
    agent: Agent, session: Session, source: Artifact, operation: Operation, executor: Executor | None = None
) -> StepResult:
    step: Step = AdjustStep(instruction="do it", source=source.id, operation=operation)
    return carry_out(agent, step, begin(agent, session, PictureOptions(seed=5)), executor)


def test_exact_work_needs_no_engine_and_says_what_it_did(agent: Agent, session: Session) -> None:
    source = upload(agent, session, (300, 200))
    without = Executor(
        sessions=agent.sessions, artifacts=agent.artifacts, jobs=agent.jobs, engines={}, editors={}
    )
    step = AdjustStep(instruction="rotate it", source=source.id, operation=Rotate(degrees=90))
    work = begin(agent, session)
    (made,) = carry_out(agent, step, work, without).artifacts
    work.pipe.close()
    assert not [event for event in work.pipe if isinstance(event, StepQueued | StepProgress)]
    assert (made.width, made.height, made.origin) == (200, 300, Origin.EDITED)
    assert made.parents == (source.id,)
    recipe = read_recipe(agent.artifacts.read(made.sha256))
    assert recipe == made.recipe
    assert recipe is not None
    assert (recipe.preset, recipe.num_steps, recipe.operation) == (PIXELS, 0, Rotate(degrees=90))
    result = adjusted(agent, session, source, Upscale(factor=2), without)
    assert result.notices == ["I enlarged it 2 times to 600x400 by resampling, which adds no detail."]


def test_steps_build_on_exact_work(agent: Agent, session: Session) -> None:
    first = carry_out(agent, GenerateStep(prompt="a dog"), begin(agent, session)).artifacts
    work = begin(agent, session, index=1, made=[list(first)])
    step = AdjustStep(instruction="crop it", source="step1", operation=Crop(aspect=2))
    (cropped,) = carry_out(agent, step, work).artifacts
    assert (cropped.width, cropped.height) == (128, 64)
    edit = EditStep(instruction="make it red", source=cropped.id)
    assert carry_out(agent, edit, begin(agent, session)).artifacts


def test_a_cut_out_keeps_its_transparency_and_is_white_to_an_engine(agent: Agent, session: Session) -> None:
    drawn = carry_out(
        agent, GenerateStep(prompt="a red disc"), begin(agent, session, PictureOptions(seed=1))
    ).artifacts[0]
    (cut,) = adjusted(agent, session, drawn, CutOut()).artifacts
    alpha = np.asarray(picture(agent, cut).getchannel("A"))
    assert 0 < (alpha > 0).mean() < 0.5
    editor = Drifting(strength=0)
    step = EditStep(instruction="add a blue disc", source=cut.id)
    carry_out(agent, step, begin(agent, session), executor_with(agent, editor))
    given = np.asarray(editor.requests[-1].image)
    assert (given[alpha == 0] == 255).all()


def test_new_canvas_is_painted_by_an_editor_that_sees_it(agent: Agent, session: Session) -> None:
    source = upload(agent, session, (80, 96))
    editor = Drifting()
    executor = executor_with(agent, editor)
    result = adjusted(agent, session, source, Extend(sides=(Side.LEFT, Side.RIGHT), pixels=40), executor)
    (made,) = result.artifacts
    assert result.notices == ["I extended it to 160x96; fake painted the new part."]
    assert (pixels(agent, made)[:, 40:120] == pixels(agent, source)).all()
    assert editor.requests[-1].mask is not None
    assert made.recipe is not None
    assert (made.recipe.preset, made.recipe.operation is not None) == ("fake", True)


@pytest.mark.parametrize("reason", ["it would not see all", "it knows few words"])
def test_else_it_is_filled_from_the_edge(agent: Agent, session: Session, reason: str) -> None:
    source = upload(agent, session, (80, 96))
    editor = Drifting(vocabulary={"classes": ("cat",)} if "words" in reason else None)
    pixels_more = 40 if "words" in reason else 10
    result = adjusted(
        agent,
        session,
        source,
        Extend(sides=(Side.LEFT, Side.RIGHT), pixels=pixels_more),
        executor_with(agent, editor),
    )
    assert editor.requests == []
    assert "edge, blurred" in result.notices[0]
    assert (
        pixels(agent, result.artifacts[0])[:, pixels_more : pixels_more + 80] == pixels(agent, source)
    ).all()


def test_a_variation_takes_fresh_seeds_even_where_the_page_has_one(agent: Agent, session: Session) -> None:
    step = GenerateStep(prompt="a dog", is_variation=True)
    options = PictureOptions(seed=5)
    seeds = [
        made.recipe.seed
        for _ in range(3)
        for made in carry_out(agent, step, begin(agent, session, options)).artifacts
        if made.recipe
    ]
    assert len({5, *seeds}) == 4


def test_a_broken_picture_is_never_pasted_back(tmp_path: Path) -> None:
    agent = build_agent(tmp_path, engine=FakeEngine(faults=[Fault.BLACK]))
    session = agent.sessions.create("ann")
    source = upload(agent, session, (128, 128))
    with pytest.raises(NonFiniteOutput):
        carry_out(agent, EditStep(instruction="x", source=source.id), begin(agent, session, KEEPS))
    agent.close()


def test_what_a_brain_wrote_reaches_the_engine_and_the_user_words_name_the_picture(
    agent: Agent, session: Session
) -> None:
    step = GenerateStep(prompt="a dog on a meadow in soft light", wish="a dog")
    (made,) = carry_out(agent, step, begin(agent, session)).artifacts
    assert made.recipe is not None
    assert (made.caption, made.recipe.prompt) == ("a dog", "a dog on a meadow in soft light")
    editor = Drifting()
    edit = EditStep(instruction="make it blue", description="a blue dog", source=made.id)
    carry_out(agent, edit, begin(agent, session), executor_with(agent, editor))
    assert editor.requests[-1].description == "a blue dog"
