"""A running turn as a page follows it."""

from __future__ import annotations

from agent.domain import GenerateStep, Plan, Route
from agent.events import StepProgress, StepQueued, TurnFailed, TurnWaiting
from agent.pipe import EventPipe
from tests.ui.pieces import a_decision
from ui.live import Story, fold, heard


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


def test_a_page_that_comes_late_hears_the_same_story() -> None:
    pipe = EventPipe()
    story = heard(Story(), pipe)
    assert (story.turn_id, story.is_over) == ("", False)
    pipe.begin("t1")
    pipe.decision(a_decision(Route.CHAT))
    story = heard(story, pipe)
    assert (story.turn_id, story.event_id) == ("t1", 1)
    for step in range(3):
        pipe.progress(0, step, 8, b"preview %d" % step)
    pipe.reply("Hel")
    pipe.reply("lo.")
    story = heard(story, pipe)
    assert (story.reply, story.step, story.preview) == ("Hello.", 2, b"preview 2")
    assert heard(Story(), pipe) == story
    assert heard(story, pipe) == story
    pipe.done("Hello.", ())
    assert heard(story, pipe).is_over


def test_a_pipe_that_ends_without_a_word_ends_the_story() -> None:
    pipe = EventPipe()
    pipe.close()
    assert heard(Story(), pipe).is_over


def test_a_turn_taken_up_again_tells_a_new_story() -> None:
    pipe = EventPipe()
    pipe.begin("t1", base=7_000)
    pipe.queued(0, 1)
    story = heard(Story(), pipe)
    assert (story.event_id, story.place) == (7_001, 1)
    pipe.queued(0, 0)
    assert heard(story, pipe).place == 0
