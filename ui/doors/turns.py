"""Chats and turns for programs: send a message, read its turn as a stream, stop it, answer its plan.

POST /v1/chats, GET /v1/chats, GET and DELETE /v1/chats/{id}
POST /v1/chats/{id}/turns   202 with the turn's id and the address of its events, or those events at once for
                            who accepts text/event-stream; the turn goes on when its listeners leave. With
                            an Idempotency-Key the same message may be sent again: it is the same turn
GET /v1/turns/{id}, GET /v1/turns/{id}/events   from `Last-Event-ID` or `?after=` on
POST /v1/turns/{id}/cancel, /approve, /decline

Errors are `{"error": sentence}`; 429 tells with Retry-After when to send it again, be it that there were too
many messages or that the device's line has no more room. The chat keeps what had no room as a failed turn.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.coordinator import Coordinator
from agent.domain import GenerateStep, Step, Turn, TurnStatus
from agent.errors import AgentError, SessionNotFound, SourceNotFound, StorageUnavailable
from agent.events import TurnFailed
from agent.pipe import EventPipe
from agent.planner import waiting_plan
from agent.sessions import NEW_TITLE, Sessions
from ui.doors.bodies import BadBody, NewChat, NewTurn, Words, read_body, read_turn
from ui.doors.records import chat_record, events_address, turn_record
from ui.doors.repeats import HEADER, Repeats, digest_of
from ui.doors.streams import MEDIA_TYPE, ForgedEventId, event_stream, read_event_id, until_open, until_placed
from ui.gate import owner_of

__all__ = ["turn_routes"]

NO_STORE = {"Cache-Control": "no-store"}
PLACING_SECONDS = 1.0
"""How long an answer may wait to tell by its status that there is no room in the device's line."""
BUSY = "This chat is still busy with an earlier message. Please wait for it, or cancel it."
ID = re.compile("[0-9a-f]{32}")
Answer = Callable[[Request, str], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def turn_routes(sessions: Sessions, coordinator: Coordinator) -> list[Route]:
    """See the module."""
    door = TurnDoor(sessions=sessions, coordinator=coordinator)
    chats, turns = "/v1/chats", "/v1/turns/{turn_id}"
    return [
        Route(chats, for_owner(door.create_chat), methods=["POST"]),
        Route(chats, for_owner(door.list_chats), methods=["GET"]),
        Route(chats + "/{chat_id}", for_owner(door.chat), methods=["GET"]),
        Route(chats + "/{chat_id}", for_owner(door.delete_chat), methods=["DELETE"]),
        Route(chats + "/{chat_id}/turns", for_owner(door.send), methods=["POST"]),
        Route(turns, for_owner(door.turn), methods=["GET"]),
        Route(turns + "/events", for_owner(door.events), methods=["GET"]),
        Route(turns + "/cancel", for_owner(door.cancel), methods=["POST"]),
        Route(turns + "/approve", for_owner(door.approve), methods=["POST"]),
        Route(turns + "/decline", for_owner(door.decline), methods=["POST"]),
    ]


def for_owner(answer: Answer) -> Endpoint:
    """`answer` takes the owner. Nobody else hears whether there is such a chat, turn or picture."""

    @wraps(answer)
    async def respond(request: Request) -> Response:
        owner = owner_of(request)
        if owner is None:
            return refusal("Please send a key of yours: Authorization: Bearer rv-...", 401)
        try:
            return await answer(request, owner)
        except (SessionNotFound, SourceNotFound) as error:
            return refusal(str(error), 404)
        except ForgedEventId as error:
            return refusal(str(error), 400)
        except BadBody as error:
            return refusal(str(error), error.status_code)
        except StorageUnavailable as error:
            return refusal(str(error), 503)
        except AgentError as error:
            return refusal(str(error), 422)

    return respond


@dataclass(frozen=True, kw_only=True)
class TurnDoor:
    """One method a route. The store is asked on a thread; listening takes none."""

    sessions: Sessions
    coordinator: Coordinator
    repeats: Repeats = field(default_factory=Repeats)

    async def create_chat(self, request: Request, owner: str) -> Response:
        wanted = await read_body(request, NewChat)
        title = " ".join(wanted.title.split()) or NEW_TITLE
        session = await run_in_threadpool(self.sessions.create, owner, title)
        return answered(chat_record(session), 201)

    async def list_chats(self, request: Request, owner: str) -> Response:
        found = await run_in_threadpool(self.sessions.list, owner)
        return answered({"chats": [chat_record(each) for each in found]})

    async def chat(self, request: Request, owner: str) -> Response:
        """With the turns of the branch that is shown, and the id of the one that runs."""
        chat_id = id_in(request, "chat_id")
        session = await run_in_threadpool(self.sessions.get, chat_id, owner)
        turns = await run_in_threadpool(self.sessions.turns, chat_id, owner)
        running = self.coordinator.running(chat_id, owner)
        told = {"running": running, "turns": [turn_record(turn) for turn in turns]}
        return answered(chat_record(session) | told)

    async def delete_chat(self, request: Request, owner: str) -> Response:
        await run_in_threadpool(self.coordinator.delete, id_in(request, "chat_id"), owner)
        return Response(status_code=204)

    async def send(self, request: Request, owner: str) -> Response:
        chat_id = id_in(request, "chat_id")
        await run_in_threadpool(self.sessions.get, chat_id, owner)
        new = await read_turn(request)
        files = await run_in_threadpool(self.pictures, new, owner)
        key, digest = request.headers.get(HEADER), digest_of(chat_id, new)
        begun = self.repeats.find(owner, key, digest)
        if begun is not None and begun.pipe is not None:
            return await self.opened(request, owner, begun.pipe)
        if begun is not None:
            turn = await run_in_threadpool(self.sessions.turn, begun.turn_id, owner)
            return begun_turn(request, turn, self.coordinator.pipes.find(turn.id))
        if self.coordinator.pipe(chat_id, owner) is not None:
            return refusal(BUSY, 409)
        told = self.coordinator.run(chat_id, owner, new.sent.text, files, new.sent.options)
        self.repeats.keep(owner, key, digest, told.pipe)
        return await self.opened(request, owner, told.pipe)

    async def turn(self, request: Request, owner: str) -> Response:
        return answered(turn_record(await self.asked_turn(request, owner)))

    async def events(self, request: Request, owner: str) -> Response:
        """The store says that a turn runs a moment before its pipe is there to tell."""
        after = read_event_id(request.headers.get("last-event-id"), request.query_params.get("after"))
        turn = await self.asked_turn(request, owner)
        pipe = self.coordinator.pipes.find(turn.id)
        if turn.status is TurnStatus.RUNNING and (pipe is None or pipe.over is not None):
            coming = self.coordinator.pipe(turn.session_id, owner)
            if coming is not None:
                await until_open(coming)
            turn = await self.asked_turn(request, owner)
            pipe = self.coordinator.pipes.find(turn.id)
        return event_stream(turn, pipe, after)

    async def cancel(self, request: Request, owner: str) -> Response:
        """Asked for; the turn's events tell when it has stopped."""
        turn = await self.asked_turn(request, owner)
        is_running = self.coordinator.stop(turn.session_id, owner, turn.id)
        return answered({"turn": turn.id, "is_running": is_running, "events": events_address(turn.id)}, 202)

    async def approve(self, request: Request, owner: str) -> Response:
        words = await read_body(request, Words)
        turn = await self.asked_turn(request, owner)
        if words.prompts is None:
            prompts = tuple(in_words(step) for step in waiting_plan(turn).steps)
        else:
            prompts = words.prompts
        told = await run_in_threadpool(self.coordinator.approve, turn.id, owner, prompts)
        return await self.opened(request, owner, told.pipe)

    async def decline(self, request: Request, owner: str) -> Response:
        turn = await self.asked_turn(request, owner)
        await run_in_threadpool(self.coordinator.decline, turn.id, owner)
        return answered(turn_record(await self.asked_turn(request, owner)))

    async def asked_turn(self, request: Request, owner: str) -> Turn:
        """Raises SourceNotFound."""
        return await run_in_threadpool(self.sessions.turn, id_in(request, "turn_id"), owner)

    def pictures(self, new: NewTurn, owner: str) -> list[bytes]:
        """Those that are here already, then those that came along; raises SourceNotFound."""
        known = [self.sessions.artifact(each, owner) for each in new.sent.pictures]
        return [*(self.coordinator.artifacts.read(each.sha256) for each in known), *new.files]

    async def opened(self, request: Request, owner: str, pipe: EventPipe) -> Response:
        """The turn that was begun, or why it was not."""
        await until_open(pipe)
        if pipe.turn_id:
            await until_placed(pipe, PLACING_SECONDS)
        refused = next((each for each in pipe.since(0) if isinstance(each, TurnFailed)), None)
        if refused is not None and refused.wait_seconds:
            return refusal(refused.reply, 429, {"Retry-After": str(refused.wait_seconds)})
        if not pipe.turn_id:
            return refusal(BUSY if refused is None else refused.reply, 422)
        turn = await run_in_threadpool(self.sessions.turn, pipe.turn_id, owner)
        return begun_turn(request, turn, pipe)


def begun_turn(request: Request, turn: Turn, pipe: EventPipe | None) -> Response:
    """Its events at once, or where they are."""
    if MEDIA_TYPE in request.headers.get("accept", ""):
        response = event_stream(turn, pipe, 0)
    else:
        told = {"turn": turn.id, "chat": turn.session_id, "events": events_address(turn.id)}
        response = answered(told, 202)
    response.headers["Location"] = events_address(turn.id)
    return response


def id_in(request: Request, name: str) -> str:
    """Raises SourceNotFound for what is no id at all."""
    told = str(request.path_params[name])
    if not ID.fullmatch(told):
        raise SourceNotFound("There is no such chat or message here.")
    return told


def in_words(step: Step) -> str:
    return step.prompt if isinstance(step, GenerateStep) else step.instruction


def answered(
    content: dict[str, Any], status_code: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return JSONResponse(content, status_code=status_code, headers={**NO_STORE, **(headers or {})})


def refusal(sentence: str, status_code: int, headers: Mapping[str, str] | None = None) -> Response:
    return answered({"error": sentence}, status_code, headers)
