"""Pictures over HTTP, to their owner only."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent.artifacts import Artifacts
from agent.errors import AgentError, SourceNotFound
from agent.sessions import Sessions
from agent.thumbnails import SIZES_PX, Thumbnails
from ui.gate import owner_of

__all__ = ["picture_routes"]

CACHE_CONTROL = f"private, max-age={365 * 24 * 3600}, immutable"


def picture_routes(sessions: Sessions, artifacts: Artifacts) -> list[Route]:
    """GET /pictures/{id}: the PNG as saved, metadata included; `?download=1` saves it as its handle.

    GET /thumbnails/{id}: a small JPEG, its longest side `?size=96` or 320.
    """
    thumbnails = Thumbnails(artifacts)

    def picture(request: Request) -> Response:
        owner = owner_of(request.cookies)
        try:
            if owner is None:
                raise SourceNotFound("There is no such picture here.")
            artifact = sessions.artifact(request.path_params["artifact_id"], owner)
            png = artifacts.read(artifact.sha256)
        except SourceNotFound as error:
            return PlainTextResponse(str(error), status_code=404)
        except AgentError as error:
            return PlainTextResponse(str(error), status_code=503)
        place = "attachment" if request.query_params.get("download") else "inline"
        headers = {
            "Cache-Control": CACHE_CONTROL,
            "Content-Disposition": f'{place}; filename="reverie-{artifact.number}{artifact.letter}.png"',
        }
        return Response(png, media_type="image/png", headers=headers)

    def thumbnail(request: Request) -> Response:
        owner = owner_of(request.cookies)
        size = request.query_params.get("size", str(SIZES_PX[0]))
        try:
            if owner is None or size not in map(str, SIZES_PX):
                raise SourceNotFound("There is no such picture here.")
            artifact = sessions.artifact(request.path_params["artifact_id"], owner)
            jpeg = thumbnails.jpeg(artifact.sha256, int(size))
        except SourceNotFound as error:
            return PlainTextResponse(str(error), status_code=404)
        except AgentError as error:
            return PlainTextResponse(str(error), status_code=503)
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": CACHE_CONTROL})

    return [
        Route("/pictures/{artifact_id}", picture, methods=["GET"]),
        Route("/thumbnails/{artifact_id}", thumbnail, methods=["GET"]),
    ]
