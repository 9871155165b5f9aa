"""A turn's events in the words of the AG-UI protocol. Pure: events of ours go in, theirs come out.

What AG-UI has no word for is a CUSTOM event: `decision`, `plan`, `queued`, `progress` and `picture`. Each
event of ours becomes up to ten of theirs, with ids that follow from its own: whoever comes back with the id
of the last one it has read gets the next one, told anew by another telling. The end of a run has the last
of its event's ids, by which it is known when the events are gone.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ag_ui.core import (
    PROTOCOL_VERSION,
    BaseEvent,
    CustomEvent,
    Interrupt,
    RunErrorEvent,
    RunFinishedCancelledOutcome,
    RunFinishedEvent,
    RunFinishedInterruptOutcome,
    RunFinishedSuccessOutcome,
    RunStartedEvent,
    StateSnapshotEvent,
    StepFinishedEvent,
    StepStartedEvent,
    TextMessageContentEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
)

from agent.domain import Turn, TurnStatus
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
from ui.doors.records import picture_record, turn_record

__all__ = ["MOST_ID", "Frame", "Telling", "first_frame_id", "frames_of_stored", "is_end", "last_frame_id"]

IDS_AN_EVENT = 10
MOST_ID = 2**53 - 1
"""The largest whole number that every reader of JSON keeps."""
UNFINISHED = "Nobody here works on this turn any more. Please retry it."


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One event of the stream."""

    id: int
    event: BaseEvent

    def encode(self) -> str:
        """As server-sent events have it, in ASCII: some readers take U+2028 for the end of a line."""
        data = self.event.model_dump_json(by_alias=True, ensure_ascii=True)
        return f"id: {self.id}\ndata: {data}\n\n"


@dataclass(kw_only=True)
class Telling:
    """One way through a turn from its beginning: which step is open, whether the reply has begun."""

    chat_id: str
    turn_id: str
    base: int = 0
    _step: str = field(default="", init=False)
    _is_talking: bool = field(default=False, init=False)

    def opening(self) -> Frame:
        return Frame(id=self.base * IDS_AN_EVENT + 1, event=self.started())

    def frames(self, event: Event) -> Iterator[Frame]:
        for place, told in enumerate(self.told(event)):
            is_end = isinstance(told, RunFinishedEvent | RunErrorEvent)
            last = last_frame_id(event.event_id)
            yield Frame(id=last if is_end else first_frame_id(event.event_id) + place, event=told)

    def started(self) -> BaseEvent:
        return RunStartedEvent(thread_id=self.chat_id, run_id=self.turn_id, protocol_version=PROTOCOL_VERSION)

    def told(self, event: Event) -> Iterator[BaseEvent]:
        match event:
            case DecisionMade(decision=decision):
                yield CustomEvent(name="decision", value=decision.model_dump(mode="json"))
            case PlanReady(plan=plan):
                yield CustomEvent(name="plan", value=plan.model_dump(mode="json"))
            case StepQueued(index=index):
                yield from self._at_step(index)
                yield CustomEvent(name="queued", value=own_fields(event))
            case StepProgress(index=index, preview=preview):
                yield from self._at_step(index)
                value = own_fields(event, "preview")
                yield CustomEvent(
                    name="progress", value=value | ({"preview": jpeg(preview)} if preview else {})
                )
            case ArtifactReady(index=index, artifact=artifact):
                yield from self._at_step(index)
                yield CustomEvent(name="picture", value=picture_record(artifact))
            case ReplyDelta(text=text):
                yield from self._say(text)
            case TurnDone(reply=reply, shown=shown):
                yield from self._end_of_words(reply)
                yield self.finished(RunFinishedSuccessOutcome(), reply, shown)
            case TurnWaiting(reply=reply):
                yield from self._end_of_words(reply)
                yield self.waits(reply)
            case TurnStopped(reply=reply):
                yield from self._end_of_words(reply)
                yield self.finished(RunFinishedCancelledOutcome(), reply)
            case TurnFailed(reply=reply, wait_seconds=wait):
                yield from self._end_of_words("")
                yield RunErrorEvent(message=reply, code="busy" if wait else "failed")

    def finished(self, outcome: Any, reply: str, shown: tuple[str, ...] = ()) -> BaseEvent:
        result = {"reply": reply, "pictures": [*shown]}
        return RunFinishedEvent(thread_id=self.chat_id, run_id=self.turn_id, outcome=outcome, result=result)

    def waits(self, reply: str) -> BaseEvent:
        """For POST /v1/turns/{id}/approve or decline."""
        asked = Interrupt(id=self.turn_id, reason="approval", message=reply)
        return self.finished(RunFinishedInterruptOutcome(interrupts=[asked]), reply)

    def _at_step(self, index: int) -> Iterator[BaseEvent]:
        name = f"step{index + 1}"
        if self._step != name:
            yield from self._end_of_step()
            self._step = name
            yield StepStartedEvent(step_name=name)

    def _end_of_step(self) -> Iterator[BaseEvent]:
        if self._step:
            yield StepFinishedEvent(step_name=self._step)
            self._step = ""

    def _say(self, text: str) -> Iterator[BaseEvent]:
        if not text:
            return
        yield from self._end_of_step()
        if not self._is_talking:
            self._is_talking = True
            yield TextMessageStartEvent(message_id=self.turn_id, role="assistant")
        yield TextMessageContentEvent(message_id=self.turn_id, delta=text)

    def _end_of_words(self, reply: str) -> Iterator[BaseEvent]:
        """A reply that was not told piece by piece is told now."""
        if not self._is_talking:
            yield from self._say(reply)
        yield from self._end_of_step()
        if self._is_talking:
            self._is_talking = False
            yield TextMessageEndEvent(message_id=self.turn_id)


def frames_of_stored(turn: Turn, last_event_id: int, after: int) -> Iterator[Frame]:
    """What the store keeps of a turn whose events are gone: its state, and how it ended; each once."""
    telling = Telling(chat_id=turn.session_id, turn_id=turn.id, base=last_event_id)
    if not after:
        yield telling.opening()
    end = last_frame_id(last_event_id)
    if after < end - 1:
        yield Frame(id=end - 1, event=StateSnapshotEvent(snapshot=turn_record(turn)))
    if after < end:
        yield Frame(id=end, event=end_of(turn, telling))


def end_of(turn: Turn, telling: Telling) -> BaseEvent:
    match turn.status:
        case TurnStatus.DONE:
            return telling.finished(RunFinishedSuccessOutcome(), turn.reply, turn.shown)
        case TurnStatus.WAITING:
            return telling.waits(turn.reply)
        case TurnStatus.STOPPED:
            return telling.finished(RunFinishedCancelledOutcome(), turn.reply, turn.shown)
        case TurnStatus.FAILED:
            return RunErrorEvent(message=turn.reply, code="failed")
        case TurnStatus.RUNNING:
            return RunErrorEvent(message=UNFINISHED, code="lost")


def first_frame_id(event_id: int) -> int:
    return event_id * IDS_AN_EVENT


def last_frame_id(event_id: int) -> int:
    """No event up to this one has a higher id in the stream."""
    return event_id * IDS_AN_EVENT + IDS_AN_EVENT - 1


def is_end(frame_id: int) -> bool:
    """Whether an event of that id ends a run."""
    return frame_id == last_frame_id(frame_id // IDS_AN_EVENT)


def own_fields(event: Event, *but: str) -> dict[str, Any]:
    """What is the event's own, beside what all have."""
    return event.model_dump(mode="json", exclude={"event_id", "turn_id", "kind", *but})


def jpeg(preview: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(preview).decode()
