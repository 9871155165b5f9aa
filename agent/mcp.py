"""Agents that speak only over a pipe: `python -m agent.mcp` passes what they ask on to the running app.

The key comes from the environment (REVERIE_KEY), where other programs' arguments are not seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from typing import Any

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["main"]

CONNECT_SECONDS = 10.0
UNDERSTOOD = 400
"""To an empty message, from a server of ours that knows the key."""


class BridgeSettings(BaseSettings):
    """Speaks the Model Context Protocol over stdin and stdout, for a Reverie that runs elsewhere."""

    model_config = SettingsConfigDict(
        env_prefix="REVERIE_", cli_prog_name="python -m agent.mcp", cli_kebab_case=True
    )

    url: str = Field("http://127.0.0.1:7860", description="Where Reverie is.")
    key: SecretStr = Field(description="A program's key, made on the page: rv-...")


def main() -> int:
    """Until stdin ends; a failure to start is one sentence and exit code 1."""
    try:
        settings = BridgeSettings(_cli_parse_args=True)
    except ValidationError as error:
        names = ", ".join(str(each["loc"][0]) for each in error.errors())
        return give_up(f"Please set {names}: the key as REVERIE_KEY in the environment.")
    address = f"{settings.url.rstrip('/')}/mcp"
    headers = {"Authorization": f"Bearer {settings.key.get_secret_value()}"}
    try:
        status = httpx2.post(address, json={}, headers=headers, timeout=CONNECT_SECONDS).status_code
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return give_up(f"Reverie cannot be reached at {settings.url} ({error}). Please start it first.")
    if status != UNDERSTOOD:
        return give_up(f"What is at {settings.url} does not let this key in (HTTP {status}).")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(address, headers))
    return 0


async def serve(address: str, headers: Mapping[str, str]) -> None:
    """Pictures take as long as they take: only the connection is waited for with a limit."""
    timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
    async with (
        httpx2.AsyncClient(headers=headers, timeout=timeout) as http,
        Client(streamable_http_client(address, http_client=http)) as client,
        stdio_server() as (messages, answers),
    ):
        server = bridge(client)
        await server.run(messages, answers, server.create_initialization_options())


def bridge(client: Client) -> Server[Any]:
    """A server that knows nothing itself."""

    async def list_tools(
        context: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return await client.list_tools()

    async def call_tool(context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        return await client.call_tool(
            params.name, params.arguments, progress_callback=context.session.report_progress
        )

    return Server[Any](
        "reverie",
        title="Reverie",
        instructions=client.instructions,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def give_up(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
