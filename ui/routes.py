"""Pictures over HTTP, to their owner only."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent.artifacts import Artifacts
from agent.errors import AgentError, SourceNotFound
from agent.metadata import without_metadata
from agent.sessions import Sessions
from ui.gate import owner_of

__all__ = ["picture_routes"]

YEAR_SECONDS = 365 * 24 * 3600


def picture_routes(sessions: Sessions, artifacts: Artifacts) -> list[Route]:
    """GET /pictures/{id}: the PNG as saved, metadata included; with `?bare=1` its pixels only.

    `?download=1` saves it as its handle.
    """

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
        if request.query_params.get("bare"):
            png = without_metadata(png)
        place = "attachment" if request.query_params.get("download") else "inline"
        headers = {
            "Cache-Control": f"private, max-age={YEAR_SECONDS}, immutable",
            "Content-Disposition": f'{place}; filename="reverie-{artifact.number}{artifact.letter}.png"',
        }
        return Response(png, media_type="image/png", headers=headers)

    return [Route("/pictures/{artifact_id}", picture, methods=["GET"])]
