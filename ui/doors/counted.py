"""Counts every request by the template of its route, never by its path: paths hold ids."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.meter import Meter

__all__ = ["Counted"]

UNKNOWN = "unknown"


class Counted:
    """ASGI middleware, outside the gate so that what it refuses is counted too."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self.app = app
        self.meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_counted)
        finally:
            self.meter.count_request(scope["method"], template_of(scope), status)


def template_of(scope: Scope) -> str:
    """As the route was registered; one word for all that no route has taken.

    FastAPI names in the scope its own routes only, and of ours the endpoint.
    """
    route, endpoint = scope.get("route"), scope.get("endpoint")
    if route is None and endpoint is not None:
        routes = scope["app"].routes
        route = next((each for each in routes if getattr(each, "endpoint", None) is endpoint), None)
    return str(getattr(route, "path", UNKNOWN))
