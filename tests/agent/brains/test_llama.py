from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import app
from agent.brains import prompts
from agent.brains.answers import cannot_look
from agent.brains.brain import Context, PictureView, Utterance
from agent.brains.grammar import answer_schema
from agent.brains.limits import within_limits
from agent.brains.llama import LlamaBrain
from agent.brains.offline import OfflineBrain
from agent.brains.wire import read_decision
from agent.cancel import CancelToken
from agent.domain import Decision, Origin, Route
from agent.errors import BrainUnavailable
from agent.events import TurnDone
from agent.jobs import Jobs
from agent.planner import plan
from engines.api import Message, OnProgress, Progress
from engines.errors import Cancelled, DeviceOutOfMemory, EngineError, ModelNotFound
from engines.fake import FakeEngine, Fault
from engines.text.speech import sampled
from tests.agent.brains.chat_server import CONTEXT, EDITED, GREEN, RED
from tests.doubles import build_agent
from tests.engines.talking import build_speaker

NUM_RANDOM = 50
EMPTY = Context(message="a red car")


@dataclass
class ScriptedSpeaker:
    """Says what its script says, a word a token; a token is a character of what it hears."""

    script: list[str | EngineError] = field(default_factory=list)
    max_tokens: int = 100_000
    pauses: bool = True
    heard: list[Sequence[Message]] = field(default_factory=list)
    schemas: list[Mapping[str, object]] = field(default_factory=list)
    pause: threading.Event = field(default_factory=threading.Event)
    is_speaking: threading.Event = field(default_factory=threading.Event)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content) for message in messages)

    def answer(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, object],
        num_tokens: int,
        on_progress: OnProgress,
    ) -> str:
        self.schemas.append(schema)
        return "".join(self.stream(messages, num_tokens, on_progress))

    def stream(self, messages: Sequence[Message], num_tokens: int, on_progress: OnProgress) -> Iterator[str]:
        self.heard.append(messages)
        said = self.script.pop(0)
        if isinstance(said, EngineError):
            raise said
        for step, word in enumerate(said.split("|"), start=1):
            on_progress(Progress(step=step, num_steps=num_tokens))
            yield word
            self.is_speaking.set()
            if step > 1:
                self.pause.wait(0.01)


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.close()


def speaking(jobs: Jobs, *script: str | EngineError, max_tokens: int = 100_000) -> LlamaBrain:
    speaker = ScriptedSpeaker([*script], max_tokens)
    return LlamaBrain(lambda: speaker, jobs)


def test_an_answer_becomes_a_decision(jobs: Jobs) -> None:
    speaker = ScriptedSpeaker([json.dumps(GREEN)])
    brain = LlamaBrain(lambda: speaker, jobs)
    assert brain.decide(CONTEXT).steps == (EDITED,)
    orders, request = speaker.heard[0]
    assert (orders.role, orders.content) == ("system", prompts.DECIDE)
    assert (request.role, request.content) == ("user", prompts.decide_request(CONTEXT))
    assert speaker.schemas == [answer_schema(CONTEXT)]


def test_a_reply_comes_piece_by_piece(jobs: Jobs) -> None:
    brain = speaking(jobs, "Hel|lo\0.", "A car.")
    assert list(brain.reply(CONTEXT, Decision(route=Route.CHAT))) == ["Hel", "lo."]
    asked = Decision(route=Route.UNDERSTAND, targets=(RED,), language="zh")
    assert list(brain.reply(CONTEXT, asked)) == [cannot_look("llama", "zh") + "A car."]


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        (DeviceOutOfMemory("The device ran out of memory."), "cannot answer: The device ran out of memory"),
        ("no JSON", "in a form I cannot use"),
        (json.dumps(GREEN | {"pictures": ["#9"]}), "in a form I cannot use"),
    ],
)
def test_each_trouble_is_told(jobs: Jobs, trouble: str | EngineError, sentence: str) -> None:
    with pytest.raises(BrainUnavailable, match=sentence):
        speaking(jobs, trouble).decide(CONTEXT)


def test_a_reply_that_fails_says_so(jobs: Jobs) -> None:
    with pytest.raises(BrainUnavailable, match="cannot answer: Gone"):
        list(speaking(jobs, EngineError("Gone.")).reply(CONTEXT, Decision(route=Route.CHAT)))


def test_a_broken_llama_leaves_the_rules_who_say_so(tmp_path: Path) -> None:
    jobs = Jobs()
    brain = speaking(jobs, *[EngineError("It is broken.")] * 2)
    agent = build_agent(tmp_path, brain=brain, fallback=OfflineBrain())
    session = agent.sessions.create("ann")
    last = list(agent.coordinator.run(session.id, "ann", "draw a red dog"))[-1]
    assert isinstance(last, TurnDone)
    assert "Here is #1." in last.reply
    assert "It is broken. My built-in rules answered instead." in last.reply
    agent.close()
    jobs.close()


def test_stop_is_noticed_between_two_tokens(jobs: Jobs) -> None:
    speaker = ScriptedSpeaker(["|".join("word" for _ in range(2_000))] * 2)
    brain = LlamaBrain(lambda: speaker, jobs)
    for run in (
        lambda context: brain.decide(context),
        lambda context: list(brain.reply(context, Decision(route=Route.CHAT))),
    ):
        token = CancelToken()
        speaker.is_speaking.clear()
        threading.Thread(target=cancel_after, args=(speaker.is_speaking, token), daemon=True).start()
        with pytest.raises(Cancelled):
            run(CONTEXT.model_copy(update={"token": token}))
        deadline = time.monotonic() + 5
        while jobs.line and time.monotonic() < deadline:
            time.sleep(0.01)
        assert jobs.line == ()


def cancel_after(event: threading.Event, token: CancelToken) -> None:
    event.wait(5)
    token.cancel()


def test_answers_wait_for_each_other(jobs: Jobs) -> None:
    """Speakers take one call at a time; whose turn it is, their line says."""
    order: list[str] = []
    begun, release = threading.Event(), threading.Event()

    class Slow(ScriptedSpeaker):
        def stream(self, *arguments: Any) -> Iterator[str]:
            order.append("begun")
            begun.set()
            release.wait(5)
            yield from super().stream(*arguments)
            order.append("ended")

    speaker = Slow([json.dumps(GREEN)] * 2)
    brain = LlamaBrain(lambda: speaker, jobs)
    deciding = [threading.Thread(target=lambda: brain.decide(CONTEXT)) for _ in range(2)]
    for each in deciding:
        each.start()
    assert begun.wait(5)
    time.sleep(0.1)
    release.set()
    for each in deciding:
        each.join()
    assert order == ["begun", "ended"] * 2


def test_an_answer_does_not_wait_for_a_picture(tmp_path: Path, jobs: Jobs) -> None:
    """The picture is as long in the making as the answer is not there."""
    engine = FakeEngine(faults=[Fault.HANG])
    agent = build_agent(tmp_path, engine=engine, brain=OfflineBrain())
    drawing = agent.coordinator.run(agent.sessions.create("ann").id, "ann", "draw a red dog")
    while not agent.jobs.line:
        time.sleep(0.01)
    agent.coordinator.brain = speaking(jobs, json.dumps({"language": "en", "route": "chat"}), "Hello, Bob.")
    last = list(agent.coordinator.run(agent.sessions.create("bob").id, "bob", "hello"))[-1]
    assert isinstance(last, TurnDone)
    assert last.reply == "Hello, Bob."
    engine.release()
    assert isinstance(list(drawing)[-1], TurnDone)
    agent.close()


def long_context() -> Context:
    pictures = tuple(
        PictureView(id=f"{number:032}", number=number, origin=Origin.GENERATED, turn=number, prompt="x" * 300)
        for number in range(1, 21)
    )
    history = tuple(Utterance(role="user", text=f"line {index} {'y' * 300}") for index in range(20))
    return Context(message="hi", pictures=pictures, history=history, current=pictures[2].id)


def test_a_long_conversation_is_cut_from_its_oldest_part(jobs: Jobs) -> None:
    context = long_context()
    talk = json.dumps({"language": "en", "route": "chat"})
    whole = len(prompts.DECIDE) + len(prompts.decide_request(context))
    for room, has_last_line, has_first_picture in (
        (whole, True, True),
        (whole - 2_000, True, True),
        (whole - 5_000, False, False),
    ):
        speaker = ScriptedSpeaker([talk], room + 1_200)
        assert LlamaBrain(lambda speaker=speaker: speaker, jobs).decide(context).route is Route.CHAT  # type: ignore[misc]
        request = speaker.heard[0][1].content
        assert speaker.count_tokens(speaker.heard[0]) <= room
        assert ("line 19" in request) == has_last_line
        assert ("line 8" in request) == (room == whole)
        assert ('"number": "#1"' in request) == has_first_picture
        assert '"number": "#3"' in request
    with pytest.raises(BrainUnavailable, match=r"too long .* please shorten it"):
        speaking(jobs, talk, max_tokens=5_000).decide(context)


def test_no_route_is_offered_that_there_is_no_picture_for() -> None:
    assert "understand" not in json.dumps(answer_schema(EMPTY))
    assert "source" not in json.dumps(
        answer_schema(EMPTY)["anyOf"][2]["properties"]["steps"]["prefixItems"][0]
    )  # type: ignore[index]
    assert '"#3"' in json.dumps(answer_schema(CONTEXT))


@pytest.mark.parametrize("context", [CONTEXT, EMPTY], ids=["pictures", "empty"])
def test_a_random_llama_always_decides(tmp_path: Path, jobs: Jobs, context: Context) -> None:
    """Nothing but the grammar makes these answers decisions: the weights are noise."""
    text = prompts.DECIDE + '说"你好"，画一只猫。'
    speaker = build_speaker(tmp_path, sampled(1.0, seed=5), text=text)
    messages = [Message(role="user", content="Hello.")]
    schema = answer_schema(context, longest_prompt=60, longest_reply=60)
    routes: Counter[Route] = Counter()
    for _ in range(NUM_RANDOM // 2):
        answer = speaker.answer(messages, schema, 1_200, lambda _: None)
        decision = within_limits(read_decision(answer, context))
        if decision.steps:
            assert plan(decision, context).steps
        routes[decision.route] += 1
    assert len(routes) > 2


def test_a_random_llama_is_a_brain(tmp_path: Path, jobs: Jobs) -> None:
    speaker = build_speaker(tmp_path, sampled(1.0, seed=2), text=prompts.DECIDE)
    brain = LlamaBrain(lambda: speaker, jobs)
    decisions = [brain.decide(CONTEXT) for _ in range(3)]
    assert len({decision.reason for decision in decisions}) == 3
    assert {target for decision in decisions for target in decision.targets} <= {
        each.id for each in CONTEXT.pictures
    }
    assert "".join(brain.reply(CONTEXT, Decision(route=Route.CHAT)))


def test_the_app_refuses_a_llama_that_only_reads(tmp_path: Path) -> None:
    for engine, sentence in (
        ("stickers", "too few for a conversation"),
        ("fake", "no Llama here that draws"),
    ):
        with pytest.raises(ModelNotFound, match=sentence):
            app.build(app.Settings(brain="llama", engine=engine, data_folder=tmp_path))  # type: ignore[arg-type]
