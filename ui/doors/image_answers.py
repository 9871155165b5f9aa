"""What came of an image request, as OpenAI's clients read it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agent.direct import Direct, DirectTurn
from agent.domain import Artifact, Quality
from agent.events import ArtifactReady, Event, TurnDone, TurnFailed, TurnStopped
from agent.exits import Exits
from ui.doors.image_params import ImageParams, options_of
from ui.doors.openai_errors import ApiError, of_failed_turn
from ui.doors.outgoing import encoded_picture, text_of
from ui.doors.picture_links import PictureLinks
from ui.doors.told import told, told_or_silence

__all__ = ["NO_USAGE", "Asked", "answer_whole", "facts_of", "raise_if_failed"]

NAMES = {Quality.FAST: "low", Quality.DEV: "medium", Quality.FULL: "high"}
NO_USAGE: Mapping[str, Any] = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "total_tokens": 0,
}
"""Nothing is counted in tokens here, and nothing is billed."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request on its way. `verb` is image_generation or image_edit."""

    request: Request
    owner: str
    params: ImageParams
    verb: str
    direct: Direct
    exits: Exits
    links: PictureLinks

    def told(self, turn: DirectTurn) -> AsyncIterator[Event]:
        """Its events; a closed connection stops it."""
        return told(turn, lambda: self.direct.stop(turn, self.owner), self.request.receive)

    def told_or_silence(self, turn: DirectTurn, silence_seconds: float) -> AsyncGenerator[Event | None, None]:
        """The same, and None as often as nothing has happened for so long."""
        return told_or_silence(
            turn, lambda: self.direct.stop(turn, self.owner), self.request.receive, silence_seconds
        )

    def encoded(self, picture: Artifact) -> str:
        return text_of(encoded_picture(self.exits, self.owner, picture, self.params.encoding))


async def answer_whole(asked: Asked, turn: DirectTurn) -> Response:
    """All pictures in one answer. Raises ApiError, CallerLeft."""
    made, reply = list[Artifact](), ""
    async for event in asked.told(turn):
        raise_if_failed(event)
        match event:
            case ArtifactReady(artifact=artifact):
                made.append(artifact)
            case TurnDone():
                reply = event.reply
    body = {
        "created": int(time.time()),
        "data": await run_in_threadpool(lambda: [one(picture, asked) for picture in made]),
        **facts_of(made, asked.params),
        "usage": NO_USAGE,
        "reply": reply,
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


def one(picture: Artifact, asked: Asked) -> dict[str, Any]:
    """With its id and seed, which OpenAI has no words for."""
    answer: dict[str, Any] = {"id": picture.id}
    if asked.params.gives_links:
        token = asked.links.make(asked.owner, picture, asked.params.encoding)
        answer["url"] = str(asked.request.url.replace(path=f"/v1/images/files/{token}", query=""))
    else:
        answer["b64_json"] = asked.encoded(picture)
    if picture.recipe is not None:
        answer["seed"] = picture.recipe.seed
        if picture.recipe.prompt != asked.params.prompt:
            answer["revised_prompt"] = picture.recipe.prompt
    return answer


def facts_of(made: Sequence[Artifact], params: ImageParams) -> dict[str, str]:
    """What the pictures are in truth, whatever was asked for."""
    first = made[0] if made else None
    return {
        "size": f"{first.width}x{first.height}" if first else params.size or "auto",
        "quality": made_quality(first, params),
        "background": "opaque",
        "output_format": params.saves_as,
    }


def made_quality(picture: Artifact | None, params: ImageParams) -> str:
    """By the engine that made it, where its name says so."""
    name = picture.recipe.preset.rpartition("-")[2] if picture and picture.recipe else ""
    if name in {each.value for each in Quality}:
        return NAMES[Quality(name)]
    return NAMES[options_of(params, None).quality]


def raise_if_failed(event: Event) -> None:
    match event:
        case TurnFailed():
            raise of_failed_turn(event)
        case TurnStopped(reply=reply):
            raise ApiError(409, reply, code="stopped", headers={"X-Should-Retry": "false"})
