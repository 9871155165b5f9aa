"""Pictures over HTTP, to their owner only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent.change_map import change_map
from agent.errors import AgentError, SourceNotFound
from agent.exits import Exits
from agent.thumbnails import SIZES_PX
from ui.gate import owner_of

__all__ = ["picture_routes"]

CACHE_CONTROL = "private, no-cache"
"""A browser may keep a picture, but asks each time whether it is still there: it may be deleted."""


def picture_routes(exits: Exits) -> list[Route]:
    """GET /pictures/{id}: the PNG with its metadata; with `?bare=1` without its settings, marks included.

    `?download=1` saves it as its handle.

    GET /pictures/{id}/changes: what an edit changed of its parent, as a PNG.
    GET /thumbnails/{id}: a small JPEG, its longest side `?size=96` or 320.
    """
    sessions, artifacts = exits.sessions, exits.artifacts

    def picture(request: Request) -> Response:
        def answer(owner: str, artifact_id: str) -> Response:
            artifact = sessions.artifact(artifact_id, owner)
            place = "attachment" if request.query_params.get("download") else "inline"
            name = f"reverie-{artifact.number}{artifact.letter}.png"
            png = exits.picture(artifact, owner, bare=bool(request.query_params.get("bare")))
            return kept(request, png, "image/png", f'{place}; filename="{name}"')

        return to_owner(request, answer)

    def changes(request: Request) -> Response:
        def answer(owner: str, artifact_id: str) -> Response:
            return kept(request, change_map(sessions, artifacts, artifact_id, owner), "image/png")

        return to_owner(request, answer)

    def thumbnail(request: Request) -> Response:
        size = request.query_params.get("size", str(SIZES_PX[0]))

        def answer(owner: str, artifact_id: str) -> Response:
            if size not in map(str, SIZES_PX):
                raise SourceNotFound("There is no such picture here.")
            artifact = sessions.artifact(artifact_id, owner)
            return kept(request, exits.thumbnail(artifact, owner, int(size)), "image/jpeg")

        return to_owner(request, answer)

    return [
        Route("/pictures/{artifact_id}", picture, methods=["GET"]),
        Route("/pictures/{artifact_id}/changes", changes, methods=["GET"]),
        Route("/thumbnails/{artifact_id}", thumbnail, methods=["GET"]),
    ]


def to_owner(request: Request, answer: Callable[[str, str], Response]) -> Response:
    """`answer` takes the owner and the picture's id; nobody else hears whether there is such a picture."""
    owner = owner_of(request)
    try:
        if owner is None:
            raise SourceNotFound("There is no such picture here.")
        return answer(owner, request.path_params["artifact_id"])
    except SourceNotFound as error:
        return PlainTextResponse(str(error), status_code=404)
    except AgentError as error:
        return PlainTextResponse(str(error), status_code=503)


def kept(request: Request, content: bytes, media_type: str, disposition: str = "inline") -> Response:
    """304 for a browser that has these very bytes already."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": CACHE_CONTROL, "ETag": tag}
    if has_already(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = disposition
    return Response(content, media_type=media_type, headers=headers)


def has_already(told: str, tag: str) -> bool:
    """One of the tags in `If-None-Match`, compared weakly (RFC 9110, 13.1.2)."""
    return told.strip() == "*" or tag in {each.strip().removeprefix("W/") for each in told.split(",")}
