"""Model Context Protocol at /mcp, for agents with a key: the official SDK over streamable HTTP.

Nothing is kept between requests: each gets a session manager of its own that ends with it, so a closed
connection cancels what runs for it, and no task outlives the request or needs the server's lifespan. Host and
Origin are the gate's business.
"""

from __future__ import annotations

from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from agent.direct import Direct
from agent.exits import Exits
from agent.keys import Keys
from agent.library import Library
from ui.doors.callers import Caller, caller_of
from ui.doors.mcp_tools import Toolbox, tools

__all__ = ["mcp_routes"]

CALLER = "reverie.caller"
"""Where the door writes in the request's scope; no client can."""
MAX_BODY_BYTES = 256 * 1024
INSTRUCTIONS = (
    "Reverie makes pictures and changes them. generate_image draws, edit_image changes a picture by its id, "
    "chat does what a message asks for, in a conversation that remembers. Pictures come back small enough to "
    "look at; get_image with format png brings the file as it is kept."
)


class McpDoor:
    """An ASGI endpoint: who calls is asked first."""

    def __init__(self, keys: Keys, toolbox: Toolbox) -> None:
        self.keys = keys
        self.toolbox = toolbox
        self.server = Server[Any](
            "reverie",
            title="Reverie",
            instructions=INSTRUCTIONS,
            on_list_tools=self.list_tools,
            on_call_tool=self.call_tool,
        )
        self.server.middleware.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = await caller_of(Request(scope), self.keys)
        if caller is None:
            refused = JSONResponse(
                {"error": "Send a key of this server as Authorization: Bearer rv-..."},
                status_code=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
            await refused(scope, receive, send)
            return
        manager = StreamableHTTPSessionManager(
            self.server, stateless=True, max_request_body_size=MAX_BODY_BYTES
        )
        async with manager.run():
            await manager.handle_request({**scope, CALLER: caller}, receive, send)

    async def list_tools(
        self, context: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=tools())

    async def call_tool(
        self, context: ServerRequestContext[Any], params: CallToolRequestParams
    ) -> CallToolResult:
        request = context.request
        assert isinstance(request, Request)
        caller = request.scope[CALLER]
        assert isinstance(caller, Caller)
        return await self.toolbox.call(
            params.name, params.arguments or {}, caller, context.session.report_progress
        )


def mcp_routes(exits: Exits, keys: Keys, direct: Direct) -> list[Route]:
    """POST /mcp alone: without sessions there is nothing to listen to or to end."""
    library = Library(exits.sessions, exits.artifacts)
    toolbox = Toolbox(sessions=exits.sessions, exits=exits, library=library, direct=direct)
    return [Route("/mcp", McpDoor(keys, toolbox), methods=["POST"])]
