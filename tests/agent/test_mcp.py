"""An agent that speaks over a pipe reaches the tools of the running app."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.ui.doors.served import Doors, served

ROOT = Path(__file__).parents[2]
BRIDGE = ("-m", "agent.mcp")


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with served(tmp_path_factory.mktemp("doors")) as doors:
        yield doors


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_the_pipe_passes_tools_calls_and_progress_on(doors: Doors, mode: str) -> None:
    heard: list[float] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    async def go() -> None:
        bridge = StdioServerParameters(
            command=sys.executable,
            args=[*BRIDGE, "--url", doors.url],
            env={"REVERIE_KEY": doors.token(f"pipe-{mode}"), "PYTHONPATH": str(ROOT)},
        )
        async with Client(stdio_client(bridge), mode=mode) as client:
            assert len((await client.list_tools()).tools) == 6
            made = await client.call_tool("generate_image", {"prompt": "a red car"}, progress_callback=listen)
            assert not made.is_error
            assert {each.type for each in made.content} == {"text", "image"}
            refused = await client.call_tool("get_image", {"picture_id": "0" * 32})
            assert refused.is_error

    anyio.run(go)
    assert heard[-1] == 8
    assert len(doors.agent.sessions.list(f"pipe-{mode}")) == 1


@pytest.mark.parametrize(
    ("key", "url", "words"),
    [
        (None, "", "REVERIE_KEY"),
        ("rv-" + "x" * 43, "", "does not let this key in (HTTP 401)"),
        ("rv-x", "http://127.0.0.1:9", "cannot be reached"),
        ("rv-x", "nonsense", "cannot be reached"),
    ],
)
def test_a_failure_to_start_is_one_sentence(doors: Doors, key: str | None, url: str, words: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REVERIE_")}
    environment |= {"REVERIE_KEY": key} if key else {}
    result = subprocess.run(
        [sys.executable, *BRIDGE, "--url", url or doors.url],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        input="",
        timeout=60,
    )
    assert result.returncode == 1
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert (key or "never") not in result.stderr
