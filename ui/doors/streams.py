"""A turn's events over HTTP: without a thread a listener, at the listener's speed, from any id onwards."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from agent.domain import Turn, TurnStatus
from agent.errors import AgentError
from agent.events import ArtifactReady, ReplyDelta, StepProgress, StepQueued, TurnWaiting
from agent.pipe import EventPipe
from agent.pipes import milliseconds_of
from ui.doors.ag_ui import MOST_ID, Telling, first_frame_id, frames_of_stored, is_end, last_frame_id
from ui.news import News

__all__ = ["MEDIA_TYPE", "ForgedEventId", "event_stream", "read_event_id", "until_open", "until_placed"]

HEARTBEAT_SECONDS = 15.0
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
MEDIA_TYPE = "text/event-stream"
PLACED = (StepQueued, StepProgress, ArtifactReady, ReplyDelta)


class ForgedEventId(AgentError):
    """An id that no event of this turn can have."""


def read_event_id(last_event_id: str | None, after: str | None) -> int:
    """Of the header `Last-Event-ID`, or of `?after=`; 0 without any. Raises ForgedEventId."""
    told = last_event_id if last_event_id is not None else after
    if told is None:
        return 0
    if not (told.isascii() and told.isdigit() and len(told) <= len(str(MOST_ID)) and int(told) <= MOST_ID):
        raise ForgedEventId("The id of the last event is a whole number, as the stream has told it.")
    return int(told)


def event_stream(turn: Turn, pipe: EventPipe | None, after: int) -> Response:
    """All events after that id, to the end of the turn; raises ForgedEventId.

    A turn whose pipe is gone is told as the store keeps it. Who has read all of one that is over gets 204, at
    which a browser's EventSource does not come back.
    """
    if pipe is None or was_answered_since(turn, pipe):
        return stored_stream(turn, after)
    require_told(after, pipe.last_id)
    if pipe.over is not None and is_all_told(turn, pipe, after):
        return Response(status_code=204, headers=HEADERS)
    return StreamingResponse(follow(turn, pipe, after), media_type=MEDIA_TYPE, headers=HEADERS)


def stored_stream(turn: Turn, after: int) -> Response:
    """Of one that is lost the store keeps no end: it is told once to whoever has heard of none."""
    is_lost = turn.status is TurnStatus.RUNNING
    last_event_id = max(turn.last_event_id, milliseconds_of(turn)) if is_lost else turn.last_event_id
    require_told(after, last_event_id)
    frames = [*frames_of_stored(turn, last_event_id, after)]
    if not frames or (is_lost and is_end(after)):
        return Response(status_code=204, headers=HEADERS)
    told = "".join(frame.encode() for frame in frames)
    return Response(told, media_type=MEDIA_TYPE, headers=HEADERS)


def is_all_told(turn: Turn, pipe: EventPipe, after: int) -> bool:
    """Only who has come to the last event is worth the telling."""
    if after < first_frame_id(pipe.last_id):
        return False
    telling = Telling(chat_id=turn.session_id, turn_id=turn.id, base=pipe.base)
    ids = (frame.id for event in pipe.since(pipe.base) for frame in telling.frames(event))
    return after >= max(ids, default=after)


def was_answered_since(turn: Turn, pipe: EventPipe) -> bool:
    """The turn was left waiting, and the user has declined."""
    last = pipe.since(pipe.last_id - 1)
    is_open = turn.status in {TurnStatus.WAITING, TurnStatus.RUNNING}
    return bool(last) and isinstance(last[0], TurnWaiting) and not is_open


def require_told(after: int, event_id: int) -> None:
    if after > last_frame_id(event_id):
        raise ForgedEventId("This turn has not told an event of that id.")


async def follow(turn: Turn, pipe: EventPipe, after: int) -> AsyncIterator[str]:
    """Told anew from the beginning, but only what comes after `after` is sent."""
    telling, heard = Telling(chat_id=turn.session_id, turn_id=turn.id, base=pipe.base), pipe.base
    opening = telling.opening()
    if opening.id > after:
        yield opening.encode()
    async with News(pipe) as news:
        while True:
            is_over = pipe.over is not None
            for event in pipe.since(heard):
                heard = event.event_id
                for frame in telling.frames(event):
                    if frame.id > after:
                        yield frame.encode()
            if is_over:
                return
            if not await news.come(HEARTBEAT_SECONDS):
                yield ": still at work\n\n"


async def until_open(pipe: EventPipe) -> None:
    """Until the turn has its id, or will not get one."""
    async with News(pipe) as news:
        while not pipe.turn_id and pipe.over is None:
            await news.come(HEARTBEAT_SECONDS)


async def until_placed(pipe: EventPipe, seconds: float) -> None:
    """Until the turn has its place in the device's line, needs none or was refused one; so long at most."""
    last_moment = time.monotonic() + seconds
    async with News(pipe) as news:
        while not any(isinstance(each, PLACED) for each in pipe.since(0)) and pipe.over is None:
            if not await news.come(last_moment - time.monotonic()):
                return
