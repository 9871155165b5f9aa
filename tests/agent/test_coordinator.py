from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from agent.brains.brain import Context
from agent.domain import (
    Decision,
    DecisionStep,
    PictureOptions,
    Quality,
    Route,
    TurnStatus,
)
from agent.errors import BrainUnavailable, SessionNotFound, SourceNotFound
from agent.events import (
    ArtifactReady,
    DecisionMade,
    Event,
    PlanReady,
    ReplyDelta,
    StepProgress,
    StepQueued,
    TurnDone,
    TurnFailed,
    TurnStopped,
)
from engines.api import EngineInfo
from engines.errors import ModelNotFound
from engines.fake import FakeEngine, Fault
from tests.doubles import Agent, ScriptedBrain, build_agent, draw, edit

PATIENCE_SECONDS = 20


class Chat:
    """One session of one agent, for short tests."""

    def __init__(self, agent: Agent, owner: str = "ann") -> None:
        self.agent = agent
        self.owner = owner
        self.id = agent.sessions.create(owner).id

    def say(self, text: str, *files: bytes, options: PictureOptions = PictureOptions()) -> list[Event]:
        return list(self.agent.coordinator.run(self.id, self.owner, text, files, options))

    @property
    def head(self) -> str | None:
        return self.agent.sessions.get(self.id, self.owner).head

    @property
    def statuses(self) -> list[TurnStatus]:
        return [turn.status for turn in self.agent.sessions.turns(self.id, self.owner)]


class Builder:
    """Builds agents in one folder and closes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.agents: list[Agent] = []
        self.engines: list[FakeEngine] = []

    def __call__(
        self,
        *script: Decision,
        brain: ScriptedBrain | None = None,
        fallback: ScriptedBrain | None = None,
        engine: FakeEngine | None = None,
    ) -> Chat:
        engine = engine or FakeEngine()
        agent = build_agent(
            self.folder, brain=brain or ScriptedBrain(*script), fallback=fallback, engine=engine
        )
        self.agents.append(agent)
        self.engines.append(engine)
        return Chat(agent)


@pytest.fixture
def chat_with(tmp_path: Path) -> Iterator[Builder]:
    builder = Builder(tmp_path)
    yield builder
    for engine in builder.engines:
        engine.release()
    for agent in builder.agents:
        agent.close()


def png(size: tuple[int, int] = (128, 128)) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(file, "PNG")
    return file.getvalue()


def kinds(events: list[Event]) -> list[type]:
    """Kinds in order, repetitions left out."""
    found = [type(event) for event in events]
    return [kind for index, kind in enumerate(found) if index == 0 or found[index - 1] is not kind]


def reply_of(events: list[Event]) -> str:
    last = events[-1]
    assert isinstance(last, TurnDone | TurnStopped | TurnFailed)
    return last.reply


def test_a_picture_turn_streams_all_its_events_in_order(chat_with: Builder) -> None:
    chat = chat_with(draw("a red dog"))
    events = chat.say("draw a red dog")
    assert kinds(events) == [
        DecisionMade,
        PlanReady,
        StepQueued,
        StepProgress,
        ArtifactReady,
        ReplyDelta,
        TurnDone,
    ]
    assert [event.event_id for event in events] == list(range(1, len(events) + 1))
    (turn,) = chat.agent.sessions.turns(chat.id, "ann")
    assert {event.turn_id for event in events} == {turn.id}
    assert (turn.status, turn.reply) == (TurnStatus.DONE, "Here is #1.")
    assert turn.shown == (turn.artifacts[0].id,)
    assert chat.head == turn.artifacts[0].id
    assert turn.decision == draw("a red dog")
    assert turn.plan is not None


def test_the_deltas_add_up_to_the_reply(chat_with: Builder) -> None:
    brain = ScriptedBrain(Decision(route=Route.CHAT), replies=["Hello ", "there."])
    chat = chat_with(brain=brain)
    events = chat.say("hi")
    assert reply_of(events) == "Hello there."
    assert "".join(event.text for event in events if isinstance(event, ReplyDelta)) == "Hello there."
    assert chat.head is None


def test_draw_then_edit_then_go_back(chat_with: Builder) -> None:
    chat = chat_with()
    chat.say("draw a dog")
    first = chat.head
    assert first is not None
    chat.agent.coordinator.brain = ScriptedBrain(
        edit("make it blue", first), Decision(route=Route.GO_BACK, targets=(first,))
    )
    assert reply_of(chat.say("make it blue")) == "Done: #2 (from #1)."
    second = chat.head
    assert second is not None
    assert chat.agent.sessions.artifact(second, "ann").parents == (first,)
    events = chat.say("go back")
    assert reply_of(events) == "Back to #1."
    assert chat.head == first
    assert isinstance(events[-1], TurnDone)
    assert events[-1].shown == (first,)


def test_steps_of_one_message_follow_each_other(chat_with: Builder) -> None:
    two = Decision(
        route=Route.GENERATE,
        steps=(
            DecisionStep(kind="generate", prompt="a cat"),
            DecisionStep(kind="edit", prompt="make it blue", source="step1"),
        ),
    )
    chat = chat_with(two)
    events = chat.say("draw a cat, then make it blue")
    first, second = [event.artifact for event in events if isinstance(event, ArtifactReady)]
    assert second.parents == (first.id,)
    assert [event.index for event in events if isinstance(event, ArtifactReady)] == [0, 1]
    assert reply_of(events) == "Here are #1, #2 (from #1)."
    assert chat.head == second.id


def test_the_brain_sees_the_conversation(chat_with: Builder) -> None:
    brain = ScriptedBrain()
    chat = chat_with(brain=brain)
    chat.say("draw a dog")
    first = chat.head
    assert first is not None
    chat.say("and this?", png(), png())
    context = brain.contexts[-1]
    assert context.message == "and this?"
    assert [(each.number, each.turn, each.origin) for each in context.pictures] == [
        (1, 1, "generated"),
        (2, 2, "uploaded"),
        (3, 2, "uploaded"),
    ]
    assert context.uploads == tuple(each.id for each in context.pictures[1:])
    assert context.current == first
    assert [(each.role, each.text, each.pictures) for each in context.history] == [
        ("user", "draw a dog", ()),
        ("assistant", "Here is #1.", (first,)),
    ]
    assert context.pictures[0].prompt == "draw a dog"


def test_an_upload_is_looked_at_even_when_nothing_is_painted(chat_with: Builder) -> None:
    chat = chat_with(Decision(route=Route.CHAT))
    chat.say("", png())
    (turn,) = chat.agent.sessions.turns(chat.id, "ann")
    assert chat.head == turn.uploads[0].id


def test_what_was_done_to_an_upload_is_said(chat_with: Builder) -> None:
    chat = chat_with(Decision(route=Route.CHAT))
    assert "I reduced your picture to 2048x1024." in reply_of(chat.say("look", png((3000, 1500))))


def test_ask_shows_what_may_be_meant_and_keeps_the_head(chat_with: Builder) -> None:
    chat = chat_with()
    chat.say("draw a dog")
    first = chat.head
    assert first is not None
    chat.say("draw a cat")
    second = chat.head
    question = Decision(route=Route.ASK, targets=(first, "f" * 32), reply="Which one?")
    chat.agent.coordinator.brain = ScriptedBrain(question)
    events = chat.say("make it blue")
    assert isinstance(events[-1], TurnDone)
    assert (events[-1].reply, events[-1].shown) == ("Which one?", (first,))
    assert chat.head == second


def test_one_can_talk_while_the_engine_is_broken(chat_with: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(engine: FakeEngine) -> EngineInfo:
        raise ModelNotFound("There are no weights. Please download them.")

    chat = chat_with(Decision(route=Route.CHAT), draw("a dog"))
    monkeypatch.setattr(FakeEngine, "info", property(broken))
    assert isinstance(chat.say("hi")[-1], TurnDone)
    failed = chat.say("draw a dog")
    assert isinstance(failed[-1], TurnFailed)
    assert failed[-1].reply == "There are no weights. Please download them."


def test_the_brain_knows_the_engines_words(tmp_path: Path) -> None:
    brain = ScriptedBrain()
    engine = FakeEngine(vocabulary={"classes": ("dog",)})
    agent = build_agent(tmp_path, brain=brain, engine=engine)
    Chat(agent).say("draw a dog")
    assert brain.contexts[0].vocabulary == {"classes": ("dog",)}
    agent.close()


def test_the_brains_notices_and_language_reach_the_reply(chat_with: Builder) -> None:
    decision = draw("一只猫").model_copy(update={"language": "zh", "notices": ("我不认识独角兽。",)})
    chat = chat_with(decision)
    assert reply_of(chat.say("画一只猫和独角兽")) == "画好了，这是 #1。 我不认识独角兽。"


def test_without_the_brain_the_rules_decide_and_say_so(chat_with: Builder) -> None:
    down = BrainUnavailable("The language model cannot be reached.")
    chat = chat_with(brain=ScriptedBrain(down), fallback=ScriptedBrain(draw("a dog")))
    reply = reply_of(chat.say("draw a dog"))
    assert reply.startswith("Here is #1.")
    assert "The language model cannot be reached." in reply
    assert "built-in rules" in reply


def test_a_brain_that_breaks_while_talking_is_replaced(chat_with: Builder) -> None:
    down = BrainUnavailable("The language model went away.")
    brain = ScriptedBrain(Decision(route=Route.CHAT), replies=["Well, ", down])
    chat = chat_with(brain=brain, fallback=ScriptedBrain(replies=["Hello."]))
    events = chat.say("hi")
    assert reply_of(events).startswith("Well, \n\nHello.")
    assert "went away" in reply_of(events)
    deltas = "".join(event.text for event in events if isinstance(event, ReplyDelta))
    assert deltas == reply_of(events)


@pytest.mark.parametrize(
    ("text", "files", "sentence"),
    [
        ("", (), "empty"),
        ("  \n ", (), "empty"),
        ("x" * 50_000, (), "50,000 characters; I read up to 4,000"),
        ("look", (b"just text",), "not a picture"),
        ("look", (png(),) * 5, "5 files; I take up to 4"),
        ("a nude child", (), "minors"),
    ],
)
def test_a_refused_message_gets_one_sentence_and_loses_nothing(
    chat_with: Builder, text: str, files: tuple[bytes, ...], sentence: str
) -> None:
    chat = chat_with()
    chat.say("draw a dog")
    before = chat.agent.sessions.turns(chat.id, "ann")
    (event,) = chat.say(text, *files)
    assert isinstance(event, TurnFailed)
    assert event.turn_id == ""
    assert sentence in event.reply
    assert chat.agent.sessions.turns(chat.id, "ann") == before
    assert isinstance(chat.say("draw a cat")[-1], TurnDone)


def test_nobody_speaks_in_anothers_session(chat_with: Builder) -> None:
    chat = chat_with()
    (event,) = chat.agent.coordinator.run(chat.id, "bob", "draw a dog")
    assert isinstance(event, TurnFailed)
    assert "does not exist" in event.reply
    assert chat.statuses == []


def hanging(chat_with: Builder, *faults: Fault | None) -> tuple[Chat, FakeEngine, Iterator[Event]]:
    """A chat whose engine hangs half-way through the picture."""
    engine = FakeEngine(num_steps=4, faults=faults)
    chat = chat_with(draw("dogs", num_pictures=2), engine=engine)
    events = chat.agent.coordinator.run(chat.id, "ann", "draw two dogs")
    return chat, engine, events


def test_one_turn_at_a_time_a_session_but_others_go_on(chat_with: Builder) -> None:
    chat, engine, events = hanging(chat_with, Fault.HANG)
    assert isinstance(next(events), DecisionMade)
    (refused,) = chat.say("and a cat")
    assert isinstance(refused, TurnFailed)
    assert "busy" in refused.reply
    chat.agent.coordinator.brain = ScriptedBrain(Decision(route=Route.CHAT))
    talk = Chat(chat.agent, "bob").say("hello")
    assert isinstance(talk[-1], TurnDone), "talk never waits for the device"
    turn_id = chat.agent.coordinator.running(chat.id, "ann")
    assert turn_id == chat.agent.sessions.turns(chat.id, "ann")[0].id
    assert chat.agent.coordinator.running(chat.id, "bob") is None
    engine.release()
    assert isinstance(list(events)[-1], TurnDone)
    assert chat.agent.coordinator.running(chat.id, "ann") is None


def test_turns_take_the_device_in_turns_picture_by_picture(chat_with: Builder) -> None:
    chat, engine, events = hanging(chat_with, Fault.HANG)
    assert any(isinstance(event, StepProgress) for event in events), "the first picture is on the device"
    other = Chat(chat.agent, "bob")
    chat.agent.coordinator.brain = ScriptedBrain(draw("cats", num_pictures=2))
    others = chat.agent.coordinator.run(other.id, "bob", "draw two cats")
    first_place = next(event.place for event in others if isinstance(event, StepQueued))
    assert first_place == 1
    engine.release()
    list(events)
    list(others)
    made = [
        turn.artifacts
        for each, owner in ((chat.id, "ann"), (other.id, "bob"))
        for turn in chat.agent.sessions.turns(each, owner)
    ]
    in_order = sorted(made[0] + made[1], key=lambda artifact: artifact.created)
    captions = [each.caption for each in in_order]
    assert captions[:2] == ["dogs", "cats"], "nobody's second picture before another's first"
    assert sorted(captions) == ["cats", "cats", "dogs", "dogs"]


def test_many_chats_at_once_never_cross(chat_with: Builder) -> None:
    first = chat_with(engine=FakeEngine(num_steps=2))
    chats = [Chat(first.agent, f"owner {number}") for number in range(10)]

    def talk(chat: Chat) -> None:
        for number in range(2):
            chat.say(f"draw {chat.owner}, {number}")

    threads = [threading.Thread(target=talk, args=(chat,)) for chat in chats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(3 * PATIENCE_SECONDS)
    for chat in chats:
        turns = chat.agent.sessions.turns(chat.id, chat.owner)
        captions = [artifact.caption for turn in turns for artifact in turn.artifacts]
        assert captions == [f"draw {chat.owner}, {number}" for number in range(2)]
        assert [turn.reply for turn in turns] == ["Here is #1.", "Here is #2."]


def test_stop_keeps_what_is_finished_and_retry_goes_on_from_there(chat_with: Builder) -> None:
    chat, engine, events = hanging(chat_with, None, Fault.HANG)
    assert not chat.agent.coordinator.stop(chat.id, "bob"), "only the owner stops"
    heard: list[Event] = []
    for event in events:
        heard.append(event)
        is_second = any(isinstance(each, ArtifactReady) for each in heard)
        if is_second and isinstance(event, StepProgress) and event.step == 1:
            assert chat.agent.coordinator.stop(chat.id, "ann")
    assert reply_of(heard) == "Stopped. #1a is finished and kept."
    assert isinstance(heard[-1], TurnStopped)
    (turn,) = chat.agent.sessions.turns(chat.id, "ann")
    assert turn.status is TurnStatus.STOPPED
    assert chat.head == turn.artifacts[0].id
    assert turn.shown == (turn.artifacts[0].id,)
    engine.release()
    again = list(chat.agent.coordinator.retry(turn.id, "ann"))
    assert reply_of(again) == "Here are #1a, #1b."
    (turn,) = chat.agent.sessions.turns(chat.id, "ann")
    assert turn.status is TurnStatus.DONE
    assert len(turn.artifacts) == 2
    assert engine.num_calls == 3, "the first picture is not drawn again"
    assert not chat.agent.coordinator.stop(chat.id, "ann")


def test_stop_after_any_event_leaves_rows_and_files_whole(chat_with: Builder) -> None:
    engine = FakeEngine(num_steps=3)
    chat = chat_with(engine=engine)
    chat.agent.coordinator.brain = ScriptedBrain(*[draw("dogs", num_pictures=2)] * 20)
    endings = set()
    for moment in range(16):
        heard: list[Event] = []
        for event in chat.agent.coordinator.run(chat.id, "ann", "draw two dogs"):
            heard.append(event)
            if len(heard) == moment:
                chat.agent.coordinator.stop(chat.id, "ann")
        turn = chat.agent.sessions.turns(chat.id, "ann")[-1]
        endings.add(type(heard[-1]))
        wanted = TurnStatus.DONE if isinstance(heard[-1], TurnDone) else TurnStatus.STOPPED
        assert (turn.status, turn.reply) == (wanted, reply_of(heard))
        assert turn.shown == tuple(artifact.id for artifact in turn.artifacts)
        told = [event.artifact for event in heard if isinstance(event, ArtifactReady)]
        assert told == list(turn.artifacts)
    assert endings == {TurnStopped, TurnDone}
    files = {path.stem for path in chat.agent.artifacts.folder.rglob("*.png")}
    assert files == chat.agent.sessions.hashes()


def test_stop_does_not_wait_for_a_slow_brain(chat_with: Builder) -> None:
    asked, answer = threading.Event(), threading.Event()

    class SlowBrain(ScriptedBrain):
        def decide(self, context: Context) -> Decision:
            asked.set()
            answer.wait(PATIENCE_SECONDS)
            return super().decide(context)

    chat = chat_with(brain=SlowBrain())
    events = chat.agent.coordinator.run(chat.id, "ann", "draw a dog")
    assert asked.wait(PATIENCE_SECONDS)
    assert chat.agent.coordinator.stop(chat.id, "ann")
    (event,) = events
    answer.set()
    assert isinstance(event, TurnStopped)
    assert chat.statuses == [TurnStatus.STOPPED]


def test_a_turn_without_pictures_is_decided_anew_on_retry(chat_with: Builder) -> None:
    chat = chat_with(edit("make it blue", "f" * 32), draw("a dog"))
    assert isinstance(chat.say("a dog, please")[-1], TurnFailed)
    (turn,) = chat.agent.sessions.turns(chat.id, "ann")
    assert isinstance(list(chat.agent.coordinator.retry(turn.id, "ann"))[-1], TurnDone)


def test_odd_characters_are_no_obstacle(chat_with: Builder) -> None:
    chat = chat_with()
    assert isinstance(chat.say("draw \ud800 a \0 dog \U0001f415")[-1], TurnDone)
    assert chat.agent.sessions.turns(chat.id, "ann")[0].text == "draw ? a  dog \U0001f415"


def test_a_turn_goes_on_when_its_listener_leaves(chat_with: Builder) -> None:
    chat, engine, events = hanging(chat_with, Fault.HANG)
    next(events)
    del events
    engine.release()
    for thread in threading.enumerate():
        if thread.name.startswith("turn-"):
            thread.join(PATIENCE_SECONDS)
    assert chat.statuses == [TurnStatus.DONE]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [(Fault.OUT_OF_MEMORY, "ran out of memory"), (Fault.NAN, "not finite"), (Fault.BLACK, "empty picture")],
)
def test_an_engine_failure_is_a_sentence_and_finished_pictures_stay(
    chat_with: Builder, fault: Fault, sentence: str
) -> None:
    chat = chat_with(draw("dogs", num_pictures=2), engine=FakeEngine(faults=[None, fault]))
    events = chat.say("draw two dogs")
    assert isinstance(events[-1], TurnFailed)
    assert events[-1].reply.startswith("#1a is finished and kept.")
    assert sentence in events[-1].reply
    (turn,) = chat.agent.sessions.turns(chat.id, "ann")
    assert (turn.status, turn.reply) == (TurnStatus.FAILED, events[-1].reply)
    assert chat.head == turn.artifacts[0].id
    assert isinstance(list(chat.agent.coordinator.retry(turn.id, "ann"))[-1], TurnDone)


def test_the_unexpected_is_logged_and_told_plainly(
    chat_with: Builder, caplog: pytest.LogCaptureFixture
) -> None:
    chat = chat_with(engine=FakeEngine(faults=[Fault.CRASH]))
    with caplog.at_level(logging.ERROR):
        events = chat.say("draw a dog")
    assert isinstance(events[-1], TurnFailed)
    assert "fake crash" not in events[-1].reply
    assert "retry" in events[-1].reply
    assert "fake crash" in caplog.text, "the log has the traceback"
    assert chat.statuses == [TurnStatus.FAILED]
    assert isinstance(chat.say("draw a dog")[-1], TurnDone)


def test_retry_of_a_done_turn_is_a_new_turn(chat_with: Builder) -> None:
    chat = chat_with(Decision(route=Route.CHAT))
    options = PictureOptions(quality=Quality.FULL, seed=5)
    chat.say("draw a dog", png(), options=options)
    (turn,) = chat.agent.sessions.turns(chat.id, "ann")
    list(chat.agent.coordinator.retry(turn.id, "ann"))
    first, second = chat.agent.sessions.turns(chat.id, "ann")
    assert (second.text, second.options) == (first.text, options)
    assert second.uploads[0].sha256 == first.uploads[0].sha256
    with pytest.raises(SourceNotFound):
        chat.agent.coordinator.retry(turn.id, "bob")


def test_delete_takes_rows_and_files_but_not_those_of_others(chat_with: Builder) -> None:
    talk = Decision(route=Route.CHAT)
    chat = chat_with(talk, talk)
    other = Chat(chat.agent, "bob")
    chat.say("look", png())
    other.say("look", png())
    chat.say("draw a dog")
    folder = chat.agent.artifacts.folder
    assert len(list(folder.rglob("*.png"))) == 2
    with pytest.raises(SessionNotFound):
        chat.agent.coordinator.delete(chat.id, "bob")
    chat.agent.coordinator.delete(chat.id, "ann")
    assert len(list(folder.rglob("*.png"))) == 1, "bob has the same upload"
    with pytest.raises(SessionNotFound):
        chat.agent.sessions.get(chat.id, "ann")


def test_delete_stops_the_turn_first(chat_with: Builder) -> None:
    chat, engine, events = hanging(chat_with, Fault.HANG)
    assert isinstance(next(events), DecisionMade)
    chat.agent.coordinator.delete(chat.id, "ann")
    assert isinstance(list(events)[-1], TurnStopped)
    engine.release()
    assert chat.agent.sessions.list("ann") == []


def test_a_full_disk_is_told_and_the_turn_is_not_lost(
    chat_with: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = chat_with()
    with monkeypatch.context() as patch:

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr("os.fsync", full)
        events = chat.say("draw a dog")
    assert isinstance(events[-1], TurnFailed)
    assert "No space left on device" in events[-1].reply
    assert isinstance(chat.say("draw a dog")[-1], TurnDone), "it works again when there is room"
    assert chat.statuses == [TurnStatus.FAILED, TurnStatus.DONE]


def test_a_quality_that_nobody_named_is_the_default(chat_with: Builder) -> None:
    chat = chat_with(draw("a red car"), draw("a red car"))
    chat.agent.coordinator.default_quality = Quality.FAST
    chat.say("draw a red car")
    chat.say("draw a red car", options=PictureOptions(quality=Quality.FULL))
    first, second = chat.agent.sessions.turns(chat.id, chat.owner)
    assert (first.options.quality, second.options.quality) == (Quality.FAST, Quality.FULL)
