"""Running turns as the page follows them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from agent.domain import GenerateStep, Plan, Route
from agent.events import (
    DecisionMade,
    Event,
    ReplyDelta,
    StepProgress,
    StepQueued,
    TurnDone,
    TurnFailed,
    TurnWaiting,
)
from tests.ui.pieces import a_decision
from ui.live import LiveTurns, Story, fold

WAIT_SECONDS = 10.0


def nothing() -> None:
    pass


def an_opening(turn_id: str = "t1") -> Event:
    return DecisionMade(event_id=1, turn_id=turn_id, decision=a_decision(Route.CHAT))


def test_a_preview_stays_until_the_next_one() -> None:
    first = fold(Story(), StepProgress(event_id=1, turn_id="t1", index=0, step=1, of=8, preview=b"one"))
    second = fold(first, StepProgress(event_id=2, turn_id="t1", index=0, step=2, of=8))
    assert (second.step, second.preview) == (2, b"one")


def test_the_next_job_begins_without_the_last_ones_preview() -> None:
    queued = StepQueued(event_id=1, turn_id="t1", index=1, place=2, seconds=20)
    story = fold(Story(preview=b"old", step=8, of=8), queued)
    assert (story.place, story.wait_seconds, story.preview, story.of) == (2, 20, b"", 0)


def test_how_long_a_step_takes_is_measured_from_the_first_one() -> None:
    story = Story()
    for step, now in ((0, 10.0), (1, 12.0), (2, 15.0)):
        story = fold(story, StepProgress(event_id=1, turn_id="t1", index=0, step=step, of=8), now)
    assert story.step_seconds == 2.5
    waiting = fold(story, StepQueued(event_id=2, turn_id="t1", index=0, place=0))
    assert (waiting.begun, waiting.step_seconds) == (None, 2.5)


def test_a_plan_that_waits_ends_the_story() -> None:
    plan = Plan(steps=(GenerateStep(prompt="a car"),))
    story = fold(Story(), TurnWaiting(event_id=1, turn_id="t1", plan=plan, reply="Shall I?"))
    assert (story.is_over, story.refusal) == (True, "")


def test_a_failure_without_a_turn_is_a_refusal() -> None:
    refused = fold(Story(), TurnFailed(event_id=1, turn_id="", reply="Too long."))
    failed = fold(Story(), TurnFailed(event_id=1, turn_id="t1", reply="Broke."))
    assert (refused.refusal, refused.is_over) == ("Too long.", True)
    assert (failed.refusal, failed.is_over) == ("", True)


def test_two_listeners_hear_the_same_turn_and_its_end() -> None:
    go_on = threading.Event()

    def events() -> Iterator[Event]:
        yield an_opening()
        assert go_on.wait(WAIT_SECONDS)
        yield ReplyDelta(event_id=2, turn_id="t1", text="Hello.")
        yield TurnDone(event_id=3, turn_id="t1", reply="Hello.")

    turns = LiveTurns()
    started = turns.start("s1", "hi", events, nothing)
    joined = turns.of("s1")
    assert joined is started
    assert started.wait(0, WAIT_SECONDS).turn_id == "t1"
    go_on.set()
    assert started.wait_until_over(WAIT_SECONDS)
    assert joined.story.reply == "Hello."
    assert turns.of("s1") is None


def test_when_a_turn_is_over_its_session_is_free_and_its_uploads_are_gone() -> None:
    seen: list[object] = []
    turns = LiveTurns()

    def at_end() -> None:
        seen.append(turns.of("s1"))

    live = turns.start("s1", "", lambda: iter([an_opening()]), at_end)
    assert live.wait_until_over(WAIT_SECONDS)
    assert seen == [live]
    assert turns.of("s1") is None


def test_a_second_message_does_not_push_the_running_turn_aside() -> None:
    go_on = threading.Event()

    def events() -> Iterator[Event]:
        yield an_opening()
        assert go_on.wait(WAIT_SECONDS)

    turns = LiveTurns()
    running = turns.start("s1", "first", events, nothing)
    refusal = TurnFailed(event_id=1, turn_id="", reply="Still busy.")
    refused = turns.start("s1", "second", lambda: iter([refusal]), nothing)
    assert refused.wait_until_over(WAIT_SECONDS)
    assert refused.story.refusal == "Still busy."
    assert turns.of("s1") is running
    go_on.set()
    assert running.wait_until_over(WAIT_SECONDS)
