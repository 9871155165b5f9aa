"""What is asked for under /v1 and is not there, told in OpenAI's shape. It stands behind all other routes."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from ui.doors.openai_errors import ApiError, answering, no_such_key
from ui.gate import owner_of

__all__ = ["unknown_routes"]


def unknown_routes(ours: Sequence[Route], others: Sequence[Route] = ()) -> list[Route]:
    """`ours` speak OpenAI's language, `others` refuse wrong methods in their own."""
    return [Route("/v1/{rest:path}", Unknown(ours, others))]


class Unknown:
    """Any method: a path that is known is asked in the wrong way."""

    def __init__(self, ours: Sequence[Route], others: Sequence[Route]) -> None:
        self.ours = ours
        self.others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for route in self.others:
            found, more = route.matches(scope)
            if found is Match.PARTIAL:
                await route.handle({**scope, **more}, receive, send)
                return
        answer = await answering(self.refuse)(Request(scope, receive))
        await answer(scope, receive, send)

    async def refuse(self, request: Request) -> Response:
        """Raises ApiError: nobody hears what there is, a caller whether it is the path or the method."""
        if owner_of(request) is None:
            raise no_such_key()
        asked = f"{request.method} {request.url.path[:80]}"
        known = [route for route in self.ours if route.matches(request.scope)[0] is Match.PARTIAL]
        methods = ", ".join(sorted({method for route in known for method in route.methods or ()}))
        if methods:
            raise ApiError(
                405,
                f"{asked} is not possible; {methods} is.",
                code="method_not_allowed",
                headers={"Allow": methods},
            )
        raise ApiError(404, f"There is no {asked} here.", code="unknown_url")
