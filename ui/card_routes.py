"""What the page asks about a picture: its card, and the others of its conversation. To the owner only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from agent.domain import Artifact
from agent.errors import AgentError, SourceNotFound
from agent.sessions import Sessions
from ui.family import family
from ui.gallery import alt_text
from ui.gate import owner_of
from ui.look import Look
from ui.picture_card import picture_card
from ui.words import language_of

__all__ = ["card_routes"]

NO_STORE = {"Cache-Control": "no-store"}
Answer = Callable[[Artifact, Sequence[Artifact], Look], Response]


def card_routes(sessions: Sessions) -> list[Route]:
    """GET /pictures/{id}/card (HTML) and /pictures/{id}/others (JSON, all pictures of the shown branch)."""

    def answered(answer: Answer) -> Callable[[Request], Response]:
        def respond(request: Request) -> Response:
            owner = owner_of(request)
            look = Look(language=language_of(request.headers.get("accept-language", "")))
            try:
                if owner is None:
                    raise SourceNotFound("There is no such picture here.")
                artifact = sessions.artifact(request.path_params["artifact_id"], owner)
                turns = sessions.turns(artifact.session_id, owner)
            except SourceNotFound as error:
                return PlainTextResponse(str(error), status_code=404)
            except AgentError as error:
                return PlainTextResponse(str(error), status_code=503)
            pictures = [each for turn in turns for each in (*turn.uploads, *turn.artifacts)]
            return answer(artifact, pictures, look)

        return respond

    return [
        Route("/pictures/{artifact_id}/card", answered(card), methods=["GET"]),
        Route("/pictures/{artifact_id}/others", answered(others), methods=["GET"]),
    ]


def card(artifact: Artifact, pictures: Sequence[Artifact], look: Look) -> Response:
    return HTMLResponse(picture_card(artifact, family(artifact, pictures), look), headers=NO_STORE)


def others(artifact: Artifact, pictures: Sequence[Artifact], look: Look) -> Response:
    """Every picture there is to compare with; `parent` is its first one."""
    known = list({each.id: each for each in (*pictures, artifact)}.values())
    told = [
        {
            "id": each.id,
            "handle": each.handle,
            "words": alt_text(each, look),
            "parent": each.parents[0] if each.parents else "",
            "width": each.width,
            "height": each.height,
        }
        for each in known
    ]
    return JSONResponse(told, headers=NO_STORE)
