"""Plans that wait for the user's word, and going back without a brain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.domain import Decision, DecisionStep, GenerateStep, PictureOptions, Route, Turn, TurnStatus
from agent.errors import SourceNotFound
from agent.events import Event, TurnDone, TurnFailed, TurnWaiting
from engines.fake import FakeEngine, Fault
from tests.doubles import Agent, ScriptedBrain, build_agent, draw

ASKING = PictureOptions(asks_first=True, seed=7)
TWO_STEPS = Decision(
    route=Route.GENERATE,
    steps=(
        DecisionStep(kind="generate", prompt="a blue house"),
        DecisionStep(kind="edit", prompt="add a tree", source="step1"),
    ),
)


class Chat:
    """A session with an agent that asks first."""

    def __init__(self, folder: Path, *script: Decision, engine: FakeEngine | None = None) -> None:
        self.brain = ScriptedBrain(*script)
        self.agent: Agent = build_agent(folder, brain=self.brain, engine=engine)
        self.id = self.agent.sessions.create("ann").id

    def say(self, text: str, options: PictureOptions = ASKING) -> list[Event]:
        return list(self.agent.coordinator.run(self.id, "ann", text, (), options))

    def approve(self, *prompts: str) -> list[Event]:
        return list(self.agent.coordinator.approve(self.turn.id, "ann", prompts))

    @property
    def turns(self) -> list[Turn]:
        return list(self.agent.sessions.turns(self.id, "ann"))

    @property
    def turn(self) -> Turn:
        return self.turns[-1]


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Chat]:
    chat = Chat(tmp_path, TWO_STEPS)
    yield chat
    chat.agent.close()


def test_the_plan_waits_and_the_engine_does_nothing(tmp_path: Path) -> None:
    engine = FakeEngine()
    chat = Chat(tmp_path, TWO_STEPS, engine=engine)
    last = chat.say("a house, then a tree")[-1]
    assert isinstance(last, TurnWaiting)
    assert (chat.turn.status, chat.turn.plan) == (TurnStatus.WAITING, last.plan)
    assert engine.num_calls == 0
    chat.agent.close()


def test_an_approved_turn_goes_on_in_the_users_words_without_the_brain(chat: Chat) -> None:
    chat.say("a house, then a tree")
    waiting = chat.turn.id
    assert isinstance(chat.approve("a green house", "add a lamp")[-1], TurnDone)
    assert (chat.turn.id, chat.turn.status) == (waiting, TurnStatus.DONE)
    assert [each.caption for each in chat.turn.artifacts] == ["a green house", "add a lamp"]
    assert len(chat.brain.contexts) == 1
    with pytest.raises(SourceNotFound):
        chat.agent.coordinator.decline(waiting, "ann")


@pytest.mark.parametrize("prompts", [("only one",), ("a house", "  "), ("a house", "x" * 5_000)])
def test_words_that_will_not_do_leave_the_plan_waiting(chat: Chat, prompts: tuple[str, ...]) -> None:
    chat.say("a house, then a tree")
    refused = chat.approve(*prompts)[-1]
    assert isinstance(refused, TurnFailed)
    assert refused.turn_id == ""
    assert chat.turn.status is TurnStatus.WAITING


def test_a_declined_plan_is_over(chat: Chat) -> None:
    chat.say("a house, then a tree")
    chat.agent.coordinator.decline(chat.turn.id, "ann")
    assert chat.turn.status is TurnStatus.STOPPED
    refused = chat.approve("a house", "add a tree")[-1]
    assert isinstance(refused, TurnFailed)
    assert "not waiting any more" in refused.reply
    assert isinstance(list(chat.agent.coordinator.retry(chat.turn.id, "ann"))[-1], TurnWaiting)
    assert chat.turn.artifacts == ()


def test_nobody_else_approves_or_declines(chat: Chat) -> None:
    chat.say("a house, then a tree")
    with pytest.raises(SourceNotFound):
        chat.agent.coordinator.approve(chat.turn.id, "bob", ("a", "b"))
    with pytest.raises(SourceNotFound):
        chat.agent.coordinator.decline(chat.turn.id, "bob")
    assert chat.turn.status is TurnStatus.WAITING


def test_another_message_means_no(chat: Chat) -> None:
    chat.say("a house, then a tree")
    chat.say("draw a dog", PictureOptions())
    assert [turn.status for turn in chat.turns] == [TurnStatus.STOPPED, TurnStatus.DONE]


def test_what_was_approved_and_failed_is_not_asked_again(tmp_path: Path) -> None:
    chat = Chat(tmp_path, draw("a red car"), engine=FakeEngine(faults=(Fault.OUT_OF_MEMORY,)))
    chat.say("draw a red car")
    assert isinstance(chat.approve("a very red car")[-1], TurnFailed)
    again = list(chat.agent.coordinator.retry(chat.turn.id, "ann"))
    assert isinstance(again[-1], TurnDone)
    assert chat.turn.plan is not None
    assert chat.turn.plan.steps == (GenerateStep(prompt="a very red car"),)
    assert chat.turn.artifacts[0].seconds is not None
    chat.agent.close()


def test_talk_is_not_asked_about(tmp_path: Path) -> None:
    chat = Chat(tmp_path, Decision(route=Route.CHAT))
    assert isinstance(chat.say("hello")[-1], TurnDone)
    chat.agent.close()


def test_going_back_by_hand_asks_no_brain(tmp_path: Path) -> None:
    chat = Chat(tmp_path, draw("a red car"), draw("a blue house"))
    for words in ("draw a red car", "draw a blue house"):
        chat.say(words, PictureOptions())
    first = chat.turns[0].artifacts[0]
    done = list(chat.agent.coordinator.go_back(first.id, "ann"))[-1]
    assert isinstance(done, TurnDone)
    assert done.shown == (first.id,)
    assert chat.turn.text == "Go back to #1"
    assert chat.agent.sessions.get(chat.id, "ann").head == first.id
    assert len(chat.brain.contexts) == 2
    with pytest.raises(SourceNotFound):
        chat.agent.coordinator.go_back(first.id, "bob")
    chat.agent.close()
