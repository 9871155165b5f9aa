"""A running turn as a page follows it: what it has told so far."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.domain import Artifact, Decision, Plan
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
    TurnWaiting,
)
from agent.pipe import EventPipe

__all__ = ["LiveTurn", "Story", "fold", "heard"]


@dataclass(frozen=True, kw_only=True)
class Story:
    """A running turn up to the event `event_id`. `turn_id` is empty until the turn is open.

    `place` counts the jobs ahead, which were to take about `wait_seconds` when that was told. `begun` is
    when (on a clock of seconds) the present picture's first step began, `step_seconds` how long a step takes.
    `refusal` is why no turn was opened at all.
    """

    event_id: int = 0
    turn_id: str = ""
    decision: Decision | None = None
    plan: Plan | None = None
    place: int | None = None
    wait_seconds: float | None = None
    index: int = 0
    step: int = 0
    of: int = 0
    begun: float | None = None
    step_seconds: float = 0.0
    preview: bytes = b""
    artifacts: tuple[Artifact, ...] = ()
    reply: str = ""
    is_over: bool = False
    refusal: str = ""


def fold(story: Story, event: Event, now: float = 0.0) -> Story:
    """The story with one more event, told at `now`."""
    told = replace(story, event_id=event.event_id, turn_id=event.turn_id or story.turn_id)
    match event:
        case DecisionMade(decision=decision):
            return replace(told, decision=decision)
        case PlanReady(plan=plan):
            return replace(told, plan=plan)
        case StepQueued(index=index, place=place, seconds=seconds):
            queued = replace(told, index=index, place=place, wait_seconds=seconds)
            return replace(queued, step=0, of=0, begun=None, preview=b"")
        case StepProgress():
            return progressed(told, event, now)
        case ArtifactReady(artifact=artifact):
            return replace(
                told, artifacts=(*story.artifacts, artifact), step=0, of=0, place=None, preview=b""
            )
        case ReplyDelta(text=text):
            return replace(told, reply=story.reply + text)
        case TurnFailed(turn_id="", reply=reply):
            return replace(told, refusal=reply, is_over=True)
        case TurnDone() | TurnWaiting() | TurnStopped() | TurnFailed():
            return replace(told, is_over=True)


def progressed(story: Story, event: StepProgress, now: float) -> Story:
    """One step further, and how long steps take by now."""
    begun = now if story.begun is None else story.begun
    return replace(
        story,
        index=event.index,
        step=event.step,
        of=event.of,
        place=0,
        begun=begun,
        step_seconds=(now - begun) / event.step if event.step else story.step_seconds,
        preview=event.preview or story.preview,
    )


def heard(story: Story, pipe: EventPipe) -> Story:
    """The story with all that the turn has told since."""
    is_over = pipe.over is not None
    for event in pipe.since(story.event_id):
        story = fold(story, event, pipe.told_at(event.event_id))
    return replace(story, turn_id=story.turn_id or pipe.turn_id, is_over=story.is_over or is_over)


@dataclass(frozen=True, kw_only=True)
class LiveTurn:
    """A turn at work and, where this page has sent it, the message that began it.

    `instead` is the earlier turn that the message says in other words.
    """

    pipe: EventPipe
    text: str = ""
    instead: str = ""
