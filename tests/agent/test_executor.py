from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from agent.cancel import CancelToken
from agent.domain import (
    Artifact,
    EditStep,
    GenerateStep,
    Origin,
    PictureOptions,
    Quality,
    Session,
    Shape,
    Step,
)
from agent.errors import PlanRejected, SourceNotFound, UnsafeRequest
from agent.events import StepProgress, StepQueued
from agent.executor import Executor, StepResult, Work
from agent.metadata import read_recipe
from agent.pipe import EventPipe
from agent.replies import Replies
from agent.sessions import NewPicture
from engines.api import Size
from engines.errors import Cancelled, NonFiniteOutput
from engines.fake import FakeEngine, Fault
from tests.doubles import Agent, build_agent


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    built = build_agent(tmp_path)
    yield built
    built.close()


@pytest.fixture
def session(agent: Agent) -> Session:
    return agent.sessions.create("ann")


def begin(
    agent: Agent,
    session: Session,
    options: PictureOptions = PictureOptions(),
    index: int = 0,
    made: list[list[Artifact]] | None = None,
    heard: list[Artifact] | None = None,
) -> Work:
    return Work(
        turn=agent.sessions.open_turn(session.id, "ann", "words", options),
        owner="ann",
        index=index,
        made=made or [],
        on_made=(lambda artifact: None) if heard is None else heard.append,
        replies=Replies("en"),
        token=CancelToken(),
        pipe=EventPipe(),
    )


def carry_out(agent: Agent, step: Step, work: Work, executor: Executor | None = None) -> StepResult:
    return (executor or agent.coordinator.executor).run(step, work)


def upload(agent: Agent, session: Session, size: tuple[int, int], caption: str = "") -> Artifact:
    file = io.BytesIO()
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    image.save(file, "PNG")
    sha256 = agent.artifacts.put(file.getvalue())
    picture = NewPicture(
        sha256=sha256, width=size[0], height=size[1], origin=Origin.UPLOADED, caption=caption
    )
    turn = agent.sessions.open_turn(session.id, "ann", "look", PictureOptions(), [picture])
    return turn.uploads[0]


def test_a_step_becomes_files_rows_and_events(agent: Agent, session: Session) -> None:
    heard: list[Artifact] = []
    work = begin(agent, session, PictureOptions(seed=40), heard=heard)
    made = carry_out(agent, GenerateStep(prompt="a red dog", num_pictures=2), work).artifacts
    assert [each.recipe.seed for each in made if each.recipe] == [40, 41]
    assert [(each.step, each.candidate, each.handle) for each in made] == [(0, 1, "#1a"), (0, 2, "#1b")]
    for artifact in made:
        recipe = read_recipe(agent.artifacts.read(artifact.sha256))
        assert recipe == artifact.recipe
        assert recipe is not None
        assert (recipe.words, recipe.prompt, recipe.preset) == ("words", "a red dog", "fake")
        assert recipe.weights_hash == FakeEngine().info.weights_hash
    events = work.pipe.since(0)
    assert heard == made
    assert len([each for each in events if isinstance(each, StepQueued)]) == 2
    previews = [each.preview for each in events if isinstance(each, StepProgress) and each.preview]
    assert Image.open(io.BytesIO(previews[0])).format == "JPEG"


def test_without_a_seed_each_run_draws_another(agent: Agent, session: Session) -> None:
    step = GenerateStep(prompt="x")
    seeds = set()
    for _ in range(3):
        (artifact,) = carry_out(agent, step, begin(agent, session)).artifacts
        assert artifact.recipe is not None
        assert 0 <= artifact.recipe.seed < 2**31
        seeds.add(artifact.recipe.seed)
    assert len(seeds) == 3


@pytest.mark.parametrize(
    ("step", "options", "size", "is_told"),
    [
        (GenerateStep(prompt="x"), PictureOptions(), (128, 128), False),
        (GenerateStep(prompt="x"), PictureOptions(shape=Shape.LANDSCAPE), (160, 96), False),
        (GenerateStep(prompt="x", shape=Shape.PORTRAIT), PictureOptions(), (96, 160), False),
        (GenerateStep(prompt="x", width=160, height=96), PictureOptions(), (160, 96), False),
        (GenerateStep(prompt="x", width=1920, height=1080), PictureOptions(), (160, 96), True),
    ],
)
def test_the_nearest_size_is_drawn_and_told(
    agent: Agent,
    session: Session,
    step: GenerateStep,
    options: PictureOptions,
    size: tuple[int, int],
    is_told: bool,
) -> None:
    results = carry_out(agent, step, begin(agent, session, options))
    (artifact,) = results.artifacts
    assert (artifact.width, artifact.height) == size
    assert results.notices == ([f"I drew it at {size[0]}x{size[1]}, my nearest size."] if is_told else [])


def test_an_engine_of_any_size_draws_the_size_asked_for(agent: Agent, session: Session) -> None:
    executor = Executor(
        sessions=agent.sessions,
        artifacts=agent.artifacts,
        jobs=agent.jobs,
        engines={Quality.FULL: FakeEngine(takes_other_sizes=True)},
        editors={},
    )
    exact = carry_out(agent, GenerateStep(prompt="x", width=320, height=208), begin(agent, session), executor)
    assert [(each.width, each.height) for each in exact.artifacts] == [(320, 208)]
    assert exact.notices == []
    near = carry_out(agent, GenerateStep(prompt="x", width=330, height=200), begin(agent, session), executor)
    assert [(each.width, each.height) for each in near.artifacts] == [(336, 192)]
    assert near.notices == ["I drew it at 336x192, my nearest size."]


def test_an_engine_of_squares_says_so(agent: Agent, session: Session, tmp_path: Path) -> None:
    square = FakeEngine(sizes=(Size(128, 128),))
    executor = Executor(
        sessions=agent.sessions,
        artifacts=agent.artifacts,
        jobs=agent.jobs,
        engines={Quality.FULL: square},
        editors={},
    )
    work = begin(agent, session, PictureOptions(shape=Shape.LANDSCAPE))
    results = carry_out(agent, GenerateStep(prompt="x"), work, executor)
    assert results.notices == ["I drew it at 128x128, my nearest size."]
    with pytest.raises(PlanRejected, match="No engine"):
        carry_out(agent, EditStep(instruction="x", source="step1"), begin(agent, session), executor)


def test_quality_picks_the_engine_and_a_missing_one_is_told(agent: Agent, session: Session) -> None:
    fast, full = FakeEngine(preset="fast"), FakeEngine(preset="full")
    executor = Executor(
        sessions=agent.sessions,
        artifacts=agent.artifacts,
        jobs=agent.jobs,
        engines={Quality.FAST: fast, Quality.FULL: full},
        editors={Quality.FULL: full},
    )
    options = PictureOptions(quality=Quality.FAST)
    results = carry_out(agent, GenerateStep(prompt="x"), begin(agent, session, options), executor)
    (drawn,) = results.artifacts
    assert drawn.recipe is not None
    assert (drawn.recipe.preset, results.notices) == ("fast", [])
    work = begin(agent, session, options, index=1, made=[[drawn]])
    results = carry_out(agent, EditStep(instruction="y", source="step1"), work, executor)
    assert results.notices == ["I only have full here, so I used that."]


def test_an_edit_takes_its_source_by_id_or_by_step(agent: Agent, session: Session) -> None:
    first = carry_out(agent, GenerateStep(prompt="a dog", num_pictures=2), begin(agent, session)).artifacts
    step = EditStep(instruction="make it blue", source=first[0].id)
    (by_id,) = carry_out(agent, step, begin(agent, session)).artifacts
    assert (by_id.origin, by_id.parents) == (Origin.EDITED, (first[0].id,))
    work = begin(agent, session, index=1, made=[list(first)])
    (by_step,) = carry_out(agent, EditStep(instruction="make it red", source="step1"), work).artifacts
    assert by_step.parents == (first[1].id,), "the last picture of the step"
    assert by_step.recipe is not None
    assert by_step.recipe.parents == by_step.parents


@pytest.mark.parametrize("source", ["step2", "step0", "f" * 32])
def test_an_unknown_source_is_a_sentence(agent: Agent, session: Session, source: str) -> None:
    with pytest.raises(SourceNotFound, match="Please"):
        carry_out(agent, EditStep(instruction="x", source=source), begin(agent, session))


def test_a_picture_of_another_conversation_is_no_source(agent: Agent, session: Session) -> None:
    other = agent.sessions.create("ann")
    foreign = upload(agent, other, (128, 128))
    with pytest.raises(SourceNotFound):
        carry_out(agent, EditStep(instruction="x", source=foreign.id), begin(agent, session))


def test_an_upload_is_fitted_and_told(agent: Agent, session: Session) -> None:
    source = upload(agent, session, (300, 200))
    results = carry_out(agent, EditStep(instruction="x", source=source.id), begin(agent, session))
    (artifact,) = results.artifacts
    assert (artifact.width, artifact.height) == (160, 96)
    assert results.notices == ["I fitted #1 to 160x96 first, which may cut its edges."]
    again = carry_out(agent, EditStep(instruction="y", source=artifact.id), begin(agent, session))
    assert again.notices == [], "a picture of the right size is left alone"


def test_unsafe_steps_never_reach_the_engine(tmp_path: Path) -> None:
    engine = FakeEngine()
    agent = build_agent(tmp_path, engine=engine)
    session = agent.sessions.create("ann")
    source = upload(agent, session, (128, 128))
    for step in (
        GenerateStep(prompt="a nude child"),
        EditStep(instruction="undress her", source=source.id),
    ):
        with pytest.raises(UnsafeRequest):
            carry_out(agent, step, begin(agent, session))
    assert engine.num_calls == 0
    agent.close()


def test_what_a_picture_came_from_is_not_forgotten(agent: Agent, session: Session) -> None:
    girl = carry_out(agent, GenerateStep(prompt="a little girl"), begin(agent, session)).artifacts[0]
    photo = upload(agent, session, (128, 128))
    for source in (girl, photo):
        step = EditStep(instruction="add a dog", source=source.id)
        (edited,) = carry_out(agent, step, begin(agent, session)).artifacts
        with pytest.raises(UnsafeRequest):
            carry_out(agent, EditStep(instruction="make her naked", source=edited.id), begin(agent, session))


@pytest.mark.parametrize("fault", [Fault.BLACK, Fault.NAN])
def test_a_broken_picture_is_never_saved(tmp_path: Path, fault: Fault) -> None:
    agent = build_agent(tmp_path, engine=FakeEngine(faults=[None, fault]))
    session = agent.sessions.create("ann")
    heard: list[Artifact] = []
    work = begin(agent, session, heard=heard)
    with pytest.raises(NonFiniteOutput, match="seed"):
        carry_out(agent, GenerateStep(prompt="x", num_pictures=2), work)
    assert len(heard) == 1
    assert len(agent.sessions.turn(work.turn.id, "ann").artifacts) == 1
    assert len(list(agent.artifacts.folder.rglob("*.png"))) == 1
    agent.close()


def test_what_an_interrupted_run_has_made_is_not_made_again(tmp_path: Path) -> None:
    engine = FakeEngine()
    agent = build_agent(tmp_path, engine=engine)
    session = agent.sessions.create("ann")
    step = GenerateStep(prompt="x", num_pictures=3)
    work = begin(agent, session)
    heard: list[Artifact] = []

    def stop(artifact: Artifact) -> None:
        heard.append(artifact)
        work.token.cancel()

    work = replace(work, on_made=stop)
    with pytest.raises(Cancelled):
        carry_out(agent, step, work)
    (first,) = heard
    assert first.recipe is not None
    turn = agent.sessions.reopen_turn(work.turn.id, "ann")
    results = carry_out(agent, step, replace(work, turn=turn, token=CancelToken(), on_made=heard.append))
    assert results.artifacts[0] == first
    assert len(heard) == 3
    seeds = [each.recipe.seed - first.recipe.seed for each in results.artifacts if each.recipe]
    assert seeds == [0, 1, 2], "the missing pictures get the seeds they would have had"
    assert engine.num_calls == 3
    agent.close()
