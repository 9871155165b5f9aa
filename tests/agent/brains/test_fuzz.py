"""No reply, however broken or hostile, becomes more than a decision within the limits, or a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from agent.brains.brain import Context
from agent.brains.llama import LlamaBrain
from agent.brains.openai import OpenAIBrain
from agent.domain import Decision, Route
from agent.errors import AgentError
from agent.jobs import Jobs
from tests.agent.brains.chat_server import CONTEXT, KEY, Answer, Server
from tests.agent.brains.fuzz import broken_rules, fuzzed_body, fuzzed_reply, fuzzed_stream
from tests.agent.brains.test_llama import ScriptedSpeaker

NUM_REPLIES, NUM_BODIES, NUM_STREAMS = 2_000, 120, 60
EMPTY = Context(message="draw a red car")


def decision_or_error(decide: Callable[[], Decision]) -> Decision | AgentError:
    try:
        return decide()
    except AgentError as error:
        return error


def outcome(decide: Callable[[], Decision], context: Context, seed: int) -> str:
    """The route, or the error's name; fails for anything else, and for a decision that breaks a rule."""
    found = decision_or_error(decide)
    if isinstance(found, AgentError):
        assert str(found).endswith(".")
        assert KEY not in str(found)
        return type(found).__name__
    assert broken_rules(found, context) == [], f"seed {seed}"
    return found.route.value


def test_no_reply_passes_unchecked() -> None:
    jobs = Jobs()
    speaker = ScriptedSpeaker()
    brain = LlamaBrain(lambda: speaker, jobs)
    found: Counter[str] = Counter()
    for seed in range(NUM_REPLIES):
        speaker.script[:] = [fuzzed_reply(seed).replace("|", "/")]
        context = EMPTY if seed % 4 == 0 else CONTEXT
        found[outcome(lambda context=context: brain.decide(context), context, seed)] += 1  # type: ignore[misc]
    jobs.close()
    assert found["BrainUnavailable"] > NUM_REPLIES / 4
    assert {route.value for route in Route} <= set(found)


def test_no_body_of_a_server_passes_unchecked(server: Server, brain: OpenAIBrain) -> None:
    bodies = iter(range(10 * NUM_BODIES))
    server.behave = lambda request: Answer(body=fuzzed_body(next(bodies)))
    found = Counter(outcome(lambda: brain.decide(CONTEXT), CONTEXT, seed) for seed in range(NUM_BODIES))
    assert found["BrainUnavailable"] > NUM_BODIES / 4
    assert len(found) > 3


def test_no_stream_of_a_server_breaks_a_turn(server: Server, brain: OpenAIBrain) -> None:
    streams = iter(range(NUM_STREAMS))
    server.behave = lambda request: Answer(body=fuzzed_stream(next(streams)), kind="text/event-stream")
    heard, refusals = 0, list[str]()
    for _ in range(NUM_STREAMS):
        try:
            reply = "".join(brain.reply(CONTEXT, Decision(route=Route.CHAT)))
        except AgentError as error:
            refusals.append(str(error))
            continue
        assert "\0" not in reply
        assert reply.encode("utf-8")
        heard += 1
    assert 5 < heard < NUM_STREAMS
    assert all(refusal.endswith(".") for refusal in refusals)


def test_a_broken_rule_is_seen() -> None:
    """The checks above can fail."""
    foreign = Decision(route=Route.GO_BACK, targets=("f" * 32,))
    assert broken_rules(foreign, CONTEXT) == ["targets are pictures of this conversation"]
    assert broken_rules(Decision(route=Route.EDIT), CONTEXT) == ["work has steps, talk has none"]
    with pytest.raises(ValueError, match="surrogates"):
        broken_rules(Decision(route=Route.CHAT, reply="\ud800"), CONTEXT)
