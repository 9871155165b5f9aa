"""The same as it goes: server-sent events with pictures half done and the finished ones."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from agent.direct import DirectTurn
from agent.domain import SourceType
from agent.events import ArtifactReady, DecisionMade, Event, PlanReady, ReplyDelta, StepProgress, TurnDone
from ui.doors.image_answers import NO_USAGE, Asked, facts_of, raise_if_failed
from ui.doors.openai_errors import told_of
from ui.doors.outgoing import encoded_preview, text_of
from ui.doors.told import CallerLeft

__all__ = ["answer_streamed"]

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
STILL_HERE = ": at work\n\n"
HEARTBEAT_SECONDS = 15.0
"""Proxies commonly close a link that is silent for a minute."""


async def answer_streamed(asked: Asked, turn: DirectTurn) -> Response:
    """Begins once the turn has its place in the line: what is refused before has its HTTP status.

    A turn that takes long to open is not waited for. Raises ApiError.
    """
    events = asked.told_or_silence(turn, HEARTBEAT_SECONDS)
    first: Event | None = None
    async for first in events:
        if first is not None:
            raise_if_failed(first)
        if not isinstance(first, DecisionMade | PlanReady):
            break
    return StreamingResponse(stream(asked, first, events), media_type="text/event-stream", headers=HEADERS)


async def stream(
    asked: Asked, first: Event | None, events: AsyncIterator[Event | None]
) -> AsyncIterator[str]:
    partials, finished = Partials(asked), Finished()
    try:
        yield await written(first, asked, partials, finished)
        async for event in events:
            if event is not None:
                raise_if_failed(event)
            yield finished.sent(event) + await written(event, asked, partials, finished)
    except CallerLeft:
        raise
    except Exception as error:
        yield event_text("error", told_of(error).body)


class Finished:
    """The picture finished last, held until the next event: the last of all is told with the reply."""

    def __init__(self) -> None:
        self.name = ""
        self.held: dict[str, Any] = {}

    def sent(self, event: Event | None) -> str:
        if not self.held or event is None or isinstance(event, ReplyDelta):
            return ""
        told, self.held = self.held, {}
        return event_text(self.name, told | ({"reply": event.reply} if isinstance(event, TurnDone) else {}))


async def written(event: Event | None, asked: Asked, partials: Partials, finished: Finished) -> str:
    """Every event makes a line, and so does silence: a closed connection is noticed and none looks dead."""
    match event:
        case StepProgress(preview=preview) if preview is not None and partials.is_due(event):
            return await run_in_threadpool(partials.take, preview)
        case ArtifactReady(artifact=picture):
            partials.num_sent = 0
            finished.name = f"{asked.verb}.completed"
            finished.held = {
                "b64_json": await run_in_threadpool(asked.encoded, picture),
                "created_at": int(time.time()),
                **facts_of([picture], asked.params),
                "usage": NO_USAGE,
                "id": picture.id,
                "seed": picture.recipe.seed if picture.recipe else None,
            }
    return STILL_HERE


class Partials:
    """Pictures half done: as many as were asked for, spread over the steps."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.num_sent = 0

    def is_due(self, event: StepProgress) -> bool:
        num_wanted = self.asked.params.partial_images or 0
        is_finished = event.step >= event.of
        share = (self.num_sent + 1) / (num_wanted + 1)
        return self.num_sent < num_wanted and not is_finished and event.step >= share * event.of

    def take(self, preview: bytes) -> str:
        asked, params = self.asked, self.asked.params
        is_edit = asked.verb == "image_edit"
        source_type = SourceType.MODEL_AND_UPLOAD if is_edit else SourceType.MODEL
        told = {
            "b64_json": text_of(encoded_preview(preview, params.saves_as, source_type)),
            "partial_image_index": self.num_sent,
            "created_at": int(time.time()),
            **facts_of((), params),
        }
        self.num_sent += 1
        return event_text(f"{asked.verb}.partial_image", told)


def event_text(name: str, content: dict[str, Any]) -> str:
    """Its type is told twice: clients read it from the data."""
    return f"event: {name}\ndata: {json.dumps({'type': name, **content})}\n\n"
