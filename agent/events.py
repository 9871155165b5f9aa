"""What a running turn tells the outside: a closed union, each event with an id that grows within its turn."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agent.domain import Artifact, Decision, Plan, Value


class TurnEvent(Value):
    """Common to all events."""

    event_id: int
    turn_id: str


class DecisionMade(TurnEvent):
    """The coordinator has understood the message."""

    kind: Literal["decision"] = "decision"
    decision: Decision


class PlanReady(TurnEvent):
    """The planner has resolved ids and limits."""

    kind: Literal["plan"] = "plan"
    plan: Plan


class StepQueued(TurnEvent):
    """Step `index` (from 0) waits for the device; `place` 0 means it is next or running.

    `seconds`: in about how many it begins, if that is known.
    """

    kind: Literal["queued"] = "queued"
    index: int
    place: int
    seconds: float | None = None


class StepProgress(TurnEvent):
    """Denoising step `step` of `of`; `preview` holds JPEG bytes now and then."""

    kind: Literal["progress"] = "progress"
    index: int
    step: int
    of: int
    preview: bytes | None = None


class ArtifactReady(TurnEvent):
    """A picture is on disk and has its row."""

    kind: Literal["artifact"] = "artifact"
    index: int
    artifact: Artifact


class ReplyDelta(TurnEvent):
    """More text of the reply."""

    kind: Literal["reply"] = "reply"
    text: str


class TurnDone(TurnEvent):
    """The turn is closed and on disk. `shown`: artifact ids that belong under the reply."""

    kind: Literal["done"] = "done"
    reply: str
    shown: tuple[str, ...] = ()


class TurnWaiting(TurnEvent):
    """The plan is made and on disk; the turn goes on when the user approves it. `reply` asks for that."""

    kind: Literal["waiting"] = "waiting"
    plan: Plan
    reply: str


class TurnStopped(TurnEvent):
    """The user pressed Stop; what was finished is kept."""

    kind: Literal["stopped"] = "stopped"
    reply: str


class TurnFailed(TurnEvent):
    """The turn failed; `reply` says what happened and what to do, `cause` is the error's class.

    `wait_seconds`: where there is too much to do, after how long it may do to try again.
    """

    kind: Literal["failed"] = "failed"
    reply: str
    cause: str = ""
    wait_seconds: int = 0


Event = Annotated[
    DecisionMade
    | PlanReady
    | StepQueued
    | StepProgress
    | ArtifactReady
    | ReplyDelta
    | TurnDone
    | TurnWaiting
    | TurnStopped
    | TurnFailed,
    Field(discriminator="kind"),
]
