"""OpenAI's Images API, for programs with a key: pictures by the engines here, kept with their owner's others.

POST /v1/images/generations, POST /v1/images/edits, GET /v1/models, GET /v1/models/{id}, and
GET /v1/images/files/{token}: a link to one picture, for an hour.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.coordinator import Coordinator
from agent.direct import Direct, DirectTurn
from agent.exits import Exits
from agent.keys import Keys
from agent.sessions import Sessions
from ui.doors.callers import Caller, caller_of
from ui.doors.image_answers import Asked, answer_whole
from ui.doors.image_bodies import read_edit, read_json
from ui.doors.image_models import model_names, quality_of_model
from ui.doors.image_params import ImageParams, options_of, read_params, size_of
from ui.doors.image_stream import answer_streamed
from ui.doors.openai_errors import ApiError, answering, bad_request, no_such_key
from ui.doors.outgoing import encoded_picture, media_type
from ui.doors.picture_links import PictureLinks

__all__ = ["image_routes"]

ONLY_NEW = ("negative_prompt", "num_steps", "guidance")
"""Changes are made as the editor was trained."""
NO_STORE = {"Cache-Control": "no-store"}
KEPT_SECONDS = 30
"""How long a browser shows a picture of a link without asking: it may be deleted."""


@dataclass(frozen=True, kw_only=True)
class ImageDoor:
    """The routes' endpoints and what they stand on."""

    sessions: Sessions
    exits: Exits
    keys: Keys
    coordinator: Coordinator
    direct: Direct
    links: PictureLinks
    opened: int

    async def generate(self, request: Request) -> Response:
        caller = await self.caller(request)
        params = read_params(await read_json(request))
        quality = quality_of_model(params.model, self.coordinator.presets, draws=True)
        return await self.answer(
            request,
            caller,
            params,
            "image_generation",
            lambda: self.direct.generate(
                caller.owner,
                caller.program,
                params.prompt,
                num_pictures=params.num_pictures,
                size=size_of(params),
                options=options_of(params, quality),
                notices=params.notices,
            ),
        )

    async def edit(self, request: Request) -> Response:
        caller = await self.caller(request)
        body = await read_edit(request)
        params = read_params(body.fields)
        for name in ONLY_NEW:
            if getattr(params, name) is not None:
                raise bad_request(f"{name} is for new pictures alone; leave it out here.", name)
        quality = quality_of_model(params.model, self.coordinator.presets, draws=False)
        return await self.answer(
            request,
            caller,
            params,
            "image_edit",
            lambda: self.direct.edit(
                caller.owner,
                caller.program,
                params.prompt,
                body.pictures,
                mask=body.mask,
                num_pictures=params.num_pictures,
                size=size_of(params),
                options=options_of(params, quality),
                notices=params.notices,
            ),
        )

    async def answer(
        self,
        request: Request,
        caller: Caller,
        params: ImageParams,
        verb: str,
        begin: Callable[[], DirectTurn],
    ) -> Response:
        """Begin the turn and tell what comes of it, at once or as it goes."""
        asked = Asked(
            request=request,
            owner=caller.owner,
            params=params,
            verb=verb,
            direct=self.direct,
            exits=self.exits,
            links=self.links,
        )
        turn = await run_in_threadpool(begin)
        return await (answer_streamed if params.stream else answer_whole)(asked, turn)

    async def models(self, request: Request) -> Response:
        await self.caller(request)
        listed = [self.model(name) for name in model_names(self.coordinator.presets)]
        return JSONResponse({"object": "list", "data": listed}, headers=NO_STORE)

    async def one_model(self, request: Request) -> Response:
        await self.caller(request)
        name = request.path_params["name"]
        quality_of_model(name, self.coordinator.presets, draws=False)
        return JSONResponse(self.model(name), headers=NO_STORE)

    def model(self, name: str) -> dict[str, str | int]:
        return {"id": name, "object": "model", "created": self.opened, "owned_by": "reverie"}

    async def linked(self, request: Request) -> Response:
        """Who has the link may look: it was given to the owner's program."""
        link = self.links.find(request.path_params["token"])
        if link is None:
            raise ApiError(404, "This link is no longer valid.", code="not_found")

        def content() -> bytes:
            picture = self.sessions.artifact(link.artifact_id, link.owner)
            return encoded_picture(self.exits, link.owner, picture, link.encoding)

        headers = {"Cache-Control": f"private, max-age={KEPT_SECONDS}"}
        return Response(
            await run_in_threadpool(content), media_type=media_type(link.encoding.saves_as), headers=headers
        )

    async def caller(self, request: Request) -> Caller:
        """Raises ApiError for nobody."""
        caller = await caller_of(request, self.keys)
        if caller is None:
            raise no_such_key()
        return caller


def image_routes(exits: Exits, keys: Keys, coordinator: Coordinator, direct: Direct) -> list[Route]:
    door = ImageDoor(
        sessions=exits.sessions,
        exits=exits,
        keys=keys,
        coordinator=coordinator,
        direct=direct,
        links=PictureLinks(),
        opened=int(time.time()),
    )
    return [
        Route("/v1/images/generations", answering(door.generate), methods=["POST"]),
        Route("/v1/images/edits", answering(door.edit), methods=["POST"]),
        Route("/v1/images/files/{token}", answering(door.linked), methods=["GET"]),
        Route("/v1/models", answering(door.models), methods=["GET"]),
        Route("/v1/models/{name:path}", answering(door.one_model), methods=["GET"]),
    ]
