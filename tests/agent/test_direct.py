"""Turns for programs: given decisions, chats of their own, a place for each call and no more."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from agent.direct import Direct, DirectTurn
from agent.domain import Artifact, Origin, PictureOptions, Route
from agent.errors import PlanRejected, SessionNotFound, SourceNotFound, TooBusy, UploadRejected
from agent.events import ArtifactReady, StepQueued, TurnDone, TurnFailed, TurnStopped
from agent.jobs import JobLimits
from agent.limits import Limits
from engines.api import Seen, SeenThing, Size
from engines.fake import FakeEngine
from tests.doubles import Agent, ScriptedBrain, ScriptedEyes, build_agent


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


UPLOAD = png(Image.linear_gradient("L").resize((128, 128)).convert("RGB"))


def mask(clear: tuple[int, int, int, int] = (0, 0, 64, 64), level: int = 0) -> bytes:
    image = Image.new("RGBA", (128, 128), (0, 0, 0, 255))
    image.paste((0, 0, 0, level), clear)
    return png(image)


@pytest.fixture
def brain() -> ScriptedBrain:
    return ScriptedBrain()


@pytest.fixture
def agent(tmp_path: Path, brain: ScriptedBrain) -> Iterator[Agent]:
    agent = build_agent(tmp_path, brain=brain)
    yield agent
    agent.close()


@pytest.fixture
def direct(agent: Agent) -> Direct:
    return Direct(agent.sessions, agent.coordinator)


def colors_of(agent: Agent, artifact: Artifact) -> tuple[int, ...]:
    with Image.open(io.BytesIO(agent.artifacts.read(artifact.sha256))) as image:
        color = image.convert("RGB").getpixel((100, 100))
    assert isinstance(color, tuple)
    return color


def made(turn: DirectTurn) -> list[Artifact]:
    events = list(turn.events)
    assert isinstance(events[-1], TurnDone), events[-1]
    return [event.artifact for event in events if isinstance(event, ArtifactReady)]


def test_no_brain_is_asked(agent: Agent, direct: Direct, brain: ScriptedBrain) -> None:
    options = PictureOptions(seed=5, rewrites=False)
    (drawn,) = made(direct.generate("ann", "Paint", "make it blue", size=Size(96, 160), options=options))
    assert brain.contexts == []
    assert drawn.recipe is not None
    assert (drawn.recipe.prompt, drawn.recipe.seed, drawn.width) == ("make it blue", 5, 96)
    (turn,) = agent.sessions.turns(drawn.session_id, "ann")
    assert turn.decision is not None
    assert turn.decision.route is Route.GENERATE


def test_a_change_works_on_what_was_sent(agent: Agent, direct: Direct) -> None:
    made(direct.generate("ann", "Paint", "a red car"))
    (edited,) = made(direct.edit("ann", "Paint", "make it blue", [UPLOAD], mask=mask()))
    source = agent.sessions.artifact(edited.parents[0], "ann")
    assert source.origin is Origin.UPLOADED
    (painted,) = agent.sessions.turns(edited.session_id, "ann")[-1].masks
    assert painted.parents == (source.id,)
    with Image.open(io.BytesIO(agent.artifacts.read(painted.sha256))) as kept:
        assert kept.getbbox() == (0, 0, 64, 64)


def dotted(color: tuple[int, int, int]) -> Image.Image:
    """No picture of one colour, whatever is painted into it: those count as failed."""
    image = Image.new("RGB", (128, 128), color)
    image.putpixel((127, 127), (255, 255, 255))
    return image


def test_of_several_pictures_the_first_is_changed_and_all_are_kept(agent: Agent, direct: Direct) -> None:
    pictures = [png(dotted((40 * index, 90, 90))) for index in range(6)]
    (edited,) = made(direct.edit("ann", "Paint", "make it blue", pictures, mask=mask()))
    (turn,) = agent.sessions.turns(edited.session_id, "ann")
    assert edited.parents == (turn.uploads[0].id,)
    assert [colors_of(agent, each)[0] for each in turn.uploads] == [40 * index for index in range(6)]
    assert "of the 6 you sent, number 1" in turn.reply
    assert "2, 3, 4, 5, 6 are kept" in turn.reply


def test_what_another_picture_shows_is_seen_and_drawn(tmp_path: Path) -> None:
    dog = SeenThing(kind="dog", color="red", box=(0, 0, 9, 9), confidence=0.9)
    eyes = ScriptedEyes(Seen(size=(128, 128), is_known=True, confidence=1.0, things=(dog,)))
    agent = build_agent(tmp_path, eyes=eyes)
    direct = Direct(agent.sessions, agent.coordinator)
    (edited,) = made(direct.edit("ann", "Paint", "add the dog of the second picture", [UPLOAD, UPLOAD]))
    assert edited.recipe is not None
    assert edited.recipe.prompt == "add a red dog"
    (turn,) = agent.sessions.turns(edited.session_id, "ann")
    assert "From number 2 I took, in words, a red dog" in turn.reply
    agent.close()


def test_how_many_pictures_a_call_may_bring_can_be_lowered(agent: Agent, direct: Direct) -> None:
    agent.coordinator.rates.limits = Limits(files_a_call=2)
    made(direct.edit("ann", "Paint", "make it blue", [UPLOAD] * 2))
    (failed,) = direct.edit("ann", "Paint", "make it blue", [UPLOAD] * 3).events
    assert isinstance(failed, TurnFailed)
    assert "up to 2" in failed.reply


def test_ten_pictures_lie_in_one_chat_with_one_seed_after_the_other(agent: Agent, direct: Direct) -> None:
    options = PictureOptions(seed=2**32 - 1, rewrites=False)
    turn = direct.generate("ann", "Paint", "a red car", num_pictures=10, options=options)
    drawn = made(turn)
    assert [each.recipe.seed - 2**32 for each in drawn if each.recipe] == [*range(-1, 9)]
    assert {each.session_id for each in drawn} == {turn.session_id}
    assert [len(each.artifacts) for each in agent.sessions.turns(turn.session_id, "ann")] == [4, 4, 2]


def test_a_change_is_made_ten_times_of_what_was_sent_once(agent: Agent, direct: Direct) -> None:
    turn = direct.edit("ann", "Paint", "make it blue", [UPLOAD, UPLOAD], mask=mask(), num_pictures=10)
    edited = made(turn)
    first, *more = agent.sessions.turns(turn.session_id, "ann")
    assert len(edited) == len({each.recipe.seed for each in edited if each.recipe}) == 10
    assert {each.parents for each in edited} == {(first.uploads[0].id,)}
    assert all(each.recipe and each.recipe.mask for each in edited)
    assert [each.uploads for each in more] == [(), ()]


def test_who_stops_the_first_of_several_turns_stops_all(tmp_path: Path) -> None:
    agent = build_agent(tmp_path, engine=FakeEngine(step_seconds=0.02))
    direct = Direct(agent.sessions, agent.coordinator)
    turn = direct.generate("ann", "Paint", "a red car", num_pictures=8)
    for event in turn.events:
        if isinstance(event, ArtifactReady):
            direct.stop(turn, "ann")
    assert len(agent.sessions.turns(turn.session_id, "ann")) == 1
    assert turn.is_over
    agent.close()


def test_more_words_than_are_read_are_cut_and_that_is_said(agent: Agent, direct: Direct) -> None:
    agent.coordinator.rates.limits = Limits(message_characters=9)
    (drawn,) = made(direct.generate("ann", "Paint", "a red car on the moon", notices=["And more."]))
    assert drawn.recipe is not None
    assert drawn.recipe.prompt == "a red car"
    (turn,) = agent.sessions.turns(drawn.session_id, "ann")
    assert turn.reply.endswith("And more. Your words have 21 characters; I read the first 9.")


def test_only_what_is_fully_clear_may_change(direct: Direct) -> None:
    with pytest.raises(UploadRejected, match="transparent nowhere"):
        direct.edit("ann", "Paint", "make it blue", [UPLOAD], mask=mask(level=1))
    made(direct.edit("ann", "Paint", "make it blue", [UPLOAD], mask=mask((0, 0, 1, 1))))


def test_a_change_of_a_kept_picture_stays_in_its_chat(agent: Agent, direct: Direct) -> None:
    session = agent.sessions.create("ann")
    events = list(agent.coordinator.run(session.id, "ann", "a red car"))
    (first,) = [event.artifact for event in events if isinstance(event, ArtifactReady)]
    (changed,) = made(direct.change("ann", first.id, "make it blue"))
    assert (changed.session_id, changed.parents) == (session.id, (first.id,))
    with pytest.raises(SourceNotFound):
        direct.change("ben", first.id, "make it blue")
    with pytest.raises(SourceNotFound):
        direct.describe("ben", first.id, "What is it?")


def test_a_mask_is_no_picture(agent: Agent, direct: Direct) -> None:
    (edited,) = made(direct.edit("ann", "Paint", "make it blue", [UPLOAD], mask=mask()))
    (painted,) = agent.sessions.turns(edited.session_id, "ann")[-1].masks
    with pytest.raises(SourceNotFound, match="mask"):
        direct.change("ann", painted.id, "make it blue")


def test_calls_at_the_same_time_have_chats_of_their_own_and_share_them_later(
    agent: Agent, direct: Direct
) -> None:
    turns = [direct.generate("ann", "Paint", "a red car") for _ in range(3)]
    assert len({turn.session_id for turn in turns}) == 3
    for turn in turns:
        made(turn)
    made(direct.generate("ann", "Paint", "a red car"))
    titles = [session.title.partition(",")[2][-3:] for session in agent.sessions.list("ann")]
    assert len(titles) == 3
    assert {"(2)", "(3)"} <= set(titles)
    made(direct.generate("ann", "Other", "a red car"))
    assert len(agent.sessions.list("ann")) == 4


def test_a_chat_that_is_busy_on_the_page_is_left_alone(tmp_path: Path) -> None:
    agent = build_agent(tmp_path, engine=FakeEngine(step_seconds=0.05))
    direct = Direct(agent.sessions, agent.coordinator)
    first = direct.generate("ann", "Paint", "a red car")
    made(first)
    by_hand = agent.coordinator.run(first.session_id, "ann", "a blue car")
    next(by_hand)
    assert direct.generate("ann", "Paint", "a red car").session_id != first.session_id
    with pytest.raises(TooBusy, match="still at work"):
        direct.say("ann", "Paint", "hello", first.session_id)
    agent.close()


def test_a_full_line_is_told_before_a_turn_is_opened(tmp_path: Path) -> None:
    agent = build_agent(tmp_path, engine=FakeEngine(step_seconds=0.05))
    agent.jobs.limits = JobLimits(of_owner=1)
    direct = Direct(agent.sessions, agent.coordinator)
    by_hand = agent.coordinator.run(agent.sessions.create("ann").id, "ann", "a blue car")
    assert any(isinstance(event, StepQueued) for event in by_hand)
    with pytest.raises(TooBusy, match="You have one picture") as caught:
        direct.generate("ann", "Paint", "a red car")
    assert caught.value.wait_seconds >= 1
    assert len(agent.sessions.list("ann")) == 1
    direct.generate("ben", "Paint", "a red car")
    agent.close()


def test_a_chat_of_another_owner_is_not_there(agent: Agent, direct: Direct) -> None:
    session = agent.sessions.create("ann")
    with pytest.raises(SessionNotFound):
        direct.say("ben", "Paint", "hello", session.id)


def test_there_is_a_place_for_so_many_and_no_more(agent: Agent) -> None:
    direct = Direct(agent.sessions, agent.coordinator, 2)
    turns = [direct.generate("ann", "Paint", "a red car") for _ in range(2)]
    with pytest.raises(TooBusy, match="2 calls of yours") as caught:
        direct.generate("ann", "Paint", "a red car")
    assert caught.value.wait_seconds >= 1
    made(direct.generate("ben", "Paint", "a red car"))
    for turn in turns:
        made(turn)
    made(direct.generate("ann", "Paint", "a red car"))


def test_a_refused_call_gives_its_place_back(agent: Agent) -> None:
    direct = Direct(agent.sessions, agent.coordinator, 1)
    for _ in range(3):
        (failed,) = direct.edit("ann", "Paint", "make it blue", [b"no picture"]).events
        assert isinstance(failed, TurnFailed)
        assert (failed.turn_id, failed.cause) == ("", "UploadRejected")


def test_a_turn_is_stopped_and_an_ended_one_is_not(tmp_path: Path) -> None:
    agent = build_agent(tmp_path, engine=FakeEngine(step_seconds=0.05))
    direct = Direct(agent.sessions, agent.coordinator)
    turn = direct.generate("ann", "Paint", "a red car")
    next(turn.events)
    direct.stop(turn, "ann")
    assert isinstance(list(turn.events)[-1], TurnStopped)
    by_hand = agent.coordinator.run(turn.session_id, "ann", "a blue car")
    direct.stop(turn, "ann")
    assert isinstance(list(by_hand)[-1], TurnDone)
    agent.close()


def test_a_small_world_is_told_of_before_the_turn(tmp_path: Path) -> None:
    agent = build_agent(tmp_path, engine=FakeEngine(vocabulary={"classes": ("car", "dog")}))
    direct = Direct(agent.sessions, agent.coordinator)
    with pytest.raises(PlanRejected, match="castle"):
        direct.generate("ann", "Paint", "a castle")
    assert agent.sessions.list("ann") == []
    (drawn,) = made(direct.generate("ann", "Paint", "a shiny puppy"))
    assert drawn.recipe is not None
    assert drawn.recipe.prompt == "a shiny dog"
    (turn,) = agent.sessions.turns(drawn.session_id, "ann")
    assert "shiny" in turn.reply
    agent.close()


def test_undressing_an_upload_is_refused_with_its_cause(direct: Direct) -> None:
    events = list(direct.edit("ann", "Paint", "undress her", [UPLOAD]).events)
    assert isinstance(events[-1], TurnFailed)
    assert events[-1].cause == "UnsafeRequest"
