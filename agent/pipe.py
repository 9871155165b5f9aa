"""The one way out of a running turn: events with growing ids, from any thread to one listener."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

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

__all__ = ["EventPipe"]


class EventPipe:
    """Numbers events and hands them on. `turn_id` is empty until the turn is open."""

    def __init__(self) -> None:
        self.turn_id = ""
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._last_id = 0

    def __iter__(self) -> Iterator[Event]:
        """Events as they come, until `close`."""
        while (event := self._events.get()) is not None:
            yield event

    def close(self) -> None:
        self._events.put(None)

    def decision(self, decision: Decision) -> None:
        self._put(lambda i, turn: DecisionMade(event_id=i, turn_id=turn, decision=decision))

    def plan(self, plan: Plan) -> None:
        self._put(lambda i, turn: PlanReady(event_id=i, turn_id=turn, plan=plan))

    def queued(self, index: int, place: int) -> None:
        self._put(lambda i, turn: StepQueued(event_id=i, turn_id=turn, index=index, place=place))

    def progress(self, index: int, step: int, of: int, preview: bytes | None) -> None:
        self._put(
            lambda i, turn: StepProgress(
                event_id=i, turn_id=turn, index=index, step=step, of=of, preview=preview
            )
        )

    def artifact(self, index: int, artifact: Artifact) -> None:
        self._put(lambda i, turn: ArtifactReady(event_id=i, turn_id=turn, index=index, artifact=artifact))

    def reply(self, text: str) -> None:
        self._put(lambda i, turn: ReplyDelta(event_id=i, turn_id=turn, text=text))

    def done(self, reply: str, shown: tuple[str, ...]) -> None:
        self._put(lambda i, turn: TurnDone(event_id=i, turn_id=turn, reply=reply, shown=shown))

    def waiting(self, plan: Plan, reply: str) -> None:
        self._put(lambda i, turn: TurnWaiting(event_id=i, turn_id=turn, plan=plan, reply=reply))

    def stopped(self, reply: str) -> None:
        self._put(lambda i, turn: TurnStopped(event_id=i, turn_id=turn, reply=reply))

    def failed(self, reply: str) -> None:
        self._put(lambda i, turn: TurnFailed(event_id=i, turn_id=turn, reply=reply))

    def _put(self, event: Callable[[int, str], Event]) -> None:
        """Numbering and queueing are one act, or ids could arrive out of order."""
        with self._lock:
            self._last_id += 1
            self._events.put(event(self._last_id, self.turn_id))
