"""The one way out of a running turn: a log of events with growing ids, for any number of listeners."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from agent.domain import Artifact, Decision, Plan
from agent.errors import TooBusy
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
from agent.logs import TURN_ID

__all__ = ["EventPipe", "Listener", "Watcher", "ignore"]

Watcher = Callable[[Event], None]
ENDS = (TurnDone, TurnWaiting, TurnStopped, TurnFailed)


def ignore(event: Event) -> None:
    """Watches nothing."""


class EventPipe:
    """Numbers what a turn tells and keeps it: a listener begins where it likes and goes at its own speed.

    `turn_id` is empty until the turn is open; ids grow from `base`. Of the previews only the newest is kept,
    and none when the turn is over: the rest of what a turn tells is bounded by what a plan may hold. `over`
    is when it ended, on a clock of seconds.
    """

    def __init__(self, watcher: Watcher = ignore) -> None:
        """`watcher` hears every event at once, on the thread where it happens."""
        self.turn_id = ""
        self.base = 0
        self.over: float | None = None
        self._watcher = watcher
        self._events: list[Event] = []
        self._times: list[float] = []
        self._news = threading.Condition()
        self._callbacks: list[Callable[[], None]] = []
        self._at_end: list[Callable[[], None]] = []
        self._has_preview: int | None = None
        self._end_id: int | None = None

    @property
    def last_id(self) -> int:
        """That of the newest event; `base` before the first."""
        return self.base + len(self._events)

    def __iter__(self) -> Listener:
        """From the first event to the last, waiting for those to come."""
        return Listener(self)

    def since(self, event_id: int) -> Sequence[Event]:
        """What was told after this event, by now."""
        with self._news:
            return self._events[max(0, event_id - self.base) :]

    def told_at(self, event_id: int) -> float:
        """When, on a clock of seconds."""
        return self._times[event_id - self.base - 1]

    def wait(self, event_id: int, seconds: float | None = None) -> bool:
        """Until something is told after this event or the turn is over; False after `seconds` in vain."""
        with self._news:
            return self._news.wait_for(lambda: bool(self.since(event_id)) or self.over is not None, seconds)

    def listen(self, on_news: Callable[[], None]) -> Callable[[], None]:
        """Call it, from any thread, whenever there is news; it must not wait. Returns how to end that."""
        with self._news:
            self._callbacks.append(on_news)

        def leave() -> None:
            with self._news:
                self._callbacks.remove(on_news)

        return leave

    def when_over(self, act: Callable[[], None]) -> None:
        """Call it at the end; now, if that has come."""
        with self._news:
            if self.over is None:
                self._at_end.append(act)
                return
        act()

    def begin(self, turn_id: str, base: int = 0) -> None:
        """The turn is open: the log of this thread, and of those that work for it, names it.

        One that is taken up again goes on with ids above `base`.
        """
        with self._news:
            self.turn_id, self.base = turn_id, base
        TURN_ID.set(turn_id)
        self._spread()

    def seal(self) -> int:
        """Nothing but the end is told from now on; the id it has, for the store to keep with the end."""
        with self._news:
            if self._end_id is None:
                self._end_id = self.last_id + 1
            return self._end_id

    def close(self) -> None:
        """Nothing more is told."""
        with self._news:
            if self.over is not None:
                return
            self._drop_preview()
            self.over = time.monotonic()
            at_end, self._at_end = self._at_end, []
        for act in at_end:
            act()
        self._spread()

    def decision(self, decision: Decision) -> None:
        self._put(lambda i, turn: DecisionMade(event_id=i, turn_id=turn, decision=decision))

    def plan(self, plan: Plan) -> None:
        self._put(lambda i, turn: PlanReady(event_id=i, turn_id=turn, plan=plan))

    def queued(self, index: int, place: int, seconds: float | None = None) -> None:
        self._put(
            lambda i, turn: StepQueued(event_id=i, turn_id=turn, index=index, place=place, seconds=seconds)
        )

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

    def failed(self, reply: str, error: Exception | None = None) -> None:
        cause = "" if error is None else type(error).__name__
        wait = error.wait_seconds if isinstance(error, TooBusy) else 0
        self._put(
            lambda i, turn: TurnFailed(event_id=i, turn_id=turn, reply=reply, cause=cause, wait_seconds=wait)
        )

    def _put(self, event: Callable[[int, str], Event]) -> None:
        """Numbering and keeping are one act, or ids could arrive out of order.

        A device that was given up may still tell of a step: nobody hears that after the end.
        """
        with self._news:
            if self.over is not None:
                return
            told = event(self.last_id + 1, self.turn_id)
            if self._end_id is not None and not isinstance(told, ENDS):
                return
            if isinstance(told, StepProgress) and told.preview:
                self._drop_preview()
                self._has_preview = len(self._events)
            self._events.append(told)
            self._times.append(time.monotonic())
            self._watcher(told)
        self._spread()

    def _drop_preview(self) -> None:
        if self._has_preview is not None:
            told = self._events[self._has_preview]
            self._events[self._has_preview] = told.model_copy(update={"preview": None})
            self._has_preview = None

    def _spread(self) -> None:
        with self._news:
            self._news.notify_all()
            callbacks = tuple(self._callbacks)
        for on_news in callbacks:
            on_news()


class Listener(Iterator[Event]):
    """All that a pipe tells, one event after the other, to whoever may wait."""

    def __init__(self, pipe: EventPipe) -> None:
        self.pipe = pipe
        self._heard = pipe.base

    def __next__(self) -> Event:
        self.pipe.wait(self._heard)
        told = self.pipe.since(self._heard)
        if not told:
            raise StopIteration
        self._heard = told[0].event_id
        return told[0]
