"""The official MCP client lists and calls every tool over a real server."""

from __future__ import annotations

import base64
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from mcp import MCPError
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ImageContent, TextContent

from agent.domain import Decision, DecisionStep, Quality, Route
from agent.library import Library
from agent.metadata import read_recipe
from engines.fake import FakeEngine
from tests.doubles import ScriptedBrain
from tests.ui.doors.served import Doors, picture, served
from tests.ui.doors.test_images import wait_until

MODES = ("legacy", "auto")
"""The handshake that programs have spoken since 2025, and what came after."""


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with served(tmp_path_factory.mktemp("doors")) as doors:
        yield doors


@asynccontextmanager
async def agent(doors: Doors, owner: str, mode: str = "auto") -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {doors.token(owner, 'Desk agent')}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{doors.url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


def run(doors: Doors, owner: str, work: Callable[[Client], Awaitable[Any]], mode: str = "auto") -> Any:
    async def go() -> Any:
        async with agent(doors, owner, mode) as client:
            return await work(client)

    return anyio.run(go)


def call(doors: Doors, owner: str, name: str, **arguments: Any) -> CallToolResult:
    async def work(client: Client) -> CallToolResult:
        return await client.call_tool(name, arguments)

    result = run(doors, owner, work)
    assert isinstance(result, CallToolResult)
    return result


def data(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, result.content
    assert isinstance(result.structured_content, dict)
    return result.structured_content


def sentence(result: CallToolResult) -> str:
    assert result.is_error
    (text,) = result.content
    assert isinstance(text, TextContent)
    return text.text


def images(result: CallToolResult) -> list[ImageContent]:
    return [each for each in result.content if isinstance(each, ImageContent)]


@pytest.mark.parametrize("mode", MODES)
def test_every_tool_is_listed_and_called(doors: Doors, mode: str) -> None:
    owner = f"all-{mode}"

    async def work(client: Client) -> None:
        listed = (await client.list_tools()).tools
        assert {tool.name for tool in listed} == {
            *("chat", "generate_image", "edit_image", "describe_image", "list_images", "get_image")
        }
        assert all(tool.description and tool.input_schema["type"] == "object" for tool in listed)
        assert not any("$ref" in str(tool.input_schema) for tool in listed)

        made = await client.call_tool(
            "generate_image", {"prompt": "a red car", "shape": "landscape", "seed": 4}
        )
        (first,) = data(made)["pictures"]
        assert (first["width"], first["height"], first["seed"]) == (160, 96, 4)
        (shown,) = images(made)
        assert picture(base64.b64decode(shown.data)).size == (160, 96)

        edited = await client.call_tool(
            "edit_image", {"picture_id": first["id"], "instruction": "make it blue", "keep_rest": True}
        )
        (second,) = data(edited)["pictures"]
        assert second["parents"] == [first["id"]]
        assert second["chat_id"] == first["chat_id"]

        told = await client.call_tool("describe_image", {"picture_id": first["id"]})
        assert data(told)["reply"] == "Hello."

        talked = await client.call_tool("chat", {"message": "draw a green boat"})
        assert len(data(talked)["pictures"]) == 1
        again = await client.call_tool("chat", {"message": "and a dog", "chat_id": data(talked)["chat_id"]})
        assert data(again)["chat_id"] == data(talked)["chat_id"]

        listing = data(await client.call_tool("list_images", {}))
        assert listing["total"] == 4
        assert listing["pictures"][-1]["id"] == first["id"]
        assert data(await client.call_tool("list_images", {"words": "boat"}))["total"] == 1

        for name, media_type in (("png", "image/png"), ("jpeg", "image/jpeg"), ("preview", "image/png")):
            got = await client.call_tool("get_image", {"picture_id": second["id"], "format": name})
            (shown,) = images(got)
            assert shown.mime_type == media_type
            assert b"trainedAlgorithmicMedia" in base64.b64decode(shown.data)
            assert data(got)["id"] == second["id"]
        bare = {"picture_id": second["id"], "format": "png", "metadata": False}
        (shown,) = images(await client.call_tool("get_image", bare))
        assert read_recipe(base64.b64decode(shown.data)) is None
        assert b"trainedAlgorithmicMedia" in base64.b64decode(shown.data)

    run(doors, owner, work, mode)
    (chat,) = doors.agent.sessions.list(owner)
    assert chat.title.startswith("Desk agent, ")


@pytest.mark.parametrize("mode", MODES)
def test_progress_is_told_while_it_draws(doors: Doors, mode: str) -> None:
    heard: list[tuple[float, float | None]] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total))

    async def work(client: Client) -> None:
        arguments = {"prompt": "a red car", "num_pictures": 2}
        await client.call_tool("generate_image", arguments, progress_callback=listen)

    run(doors, f"progress-{mode}", work, mode)
    steps = [progress for progress, _ in heard]
    assert steps == sorted(set(steps))
    assert steps[-1] == 16
    assert heard[-1] == (16, 16)


@pytest.mark.parametrize("tool", ["edit_image", "describe_image", "get_image"])
def test_another_owners_picture_is_not_there(doors: Doors, tool: str) -> None:
    (theirs,) = data(call(doors, "ben", "generate_image", prompt="a red car"))["pictures"]
    arguments = {"picture_id": theirs["id"]} | (
        {"instruction": "make it blue"} if tool == "edit_image" else {}
    )
    assert "no such picture" in sentence(call(doors, "mallory", tool, **arguments))
    assert data(call(doors, "mallory", "list_images"))["total"] == 0
    assert doors.agent.sessions.list("mallory") == []
    said = call(doors, "mallory", "chat", message="hello", chat_id=theirs["chat_id"])
    assert "does not exist" in sentence(said)


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("generate_image", {}, "prompt"),
        ("generate_image", {"prompt": "  "}, "prompt"),
        ("generate_image", {"prompt": "a" * 4001}, "prompt"),
        ("generate_image", {"prompt": "a car", "num_pictures": 99}, "num_pictures"),
        ("generate_image", {"prompt": "a car", "quality": "best"}, "quality"),
        ("generate_image", {"prompt": "a car", "path": "/etc/passwd"}, "path"),
        ("generate_image", {"prompt": "a nude child"}, "minors"),
        ("edit_image", {"picture_id": "http://127.0.0.1/a.png", "instruction": "x"}, "picture_id"),
        ("edit_image", {"picture_id": "../../etc/passwd", "instruction": "x"}, "picture_id"),
        ("edit_image", {"picture_id": "0" * 32, "instruction": "x"}, "no such picture"),
        ("describe_image", {"picture_id": 7}, "picture_id"),
        ("list_images", {"page": -1}, "page"),
        ("get_image", {"picture_id": "0" * 32, "format": "svg"}, "format"),
        ("chat", {"message": ""}, "message"),
        ("chat", {"message": "hello", "chat_id": "0" * 32}, "does not exist"),
        ("delete_everything", {}, "no tool"),
    ],
)
def test_a_bad_call_is_answered_with_a_sentence(
    doors: Doors, tool: str, arguments: dict[str, Any], words: str
) -> None:
    assert words in sentence(call(doors, "anna", tool, **arguments))


@pytest.mark.parametrize("key", [None, "rv-" + "x" * 43])
def test_without_a_key_nobody_comes_in(doors: Doors, key: str | None) -> None:
    headers = {"accept": "application/json, text/event-stream"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    answer = httpx.post(f"{doors.url}/mcp", json=body, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_foreign_page_or_host_is_refused(doors: Doors) -> None:
    http = doors.http()
    for header in ({"origin": "http://evil.test"}, {"host": "evil.test", "sec-fetch-site": "same-origin"}):
        assert http.post("/mcp", json={}, headers=header).status_code == 403
    without_key = {"host": "evil.test", "authorization": ""}
    assert http.post("/mcp", json={}, headers=without_key).status_code == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"jsonrpc": "2.0"}', b"[" * 50_000])
def test_a_broken_message_is_refused(doors: Doors, body: bytes) -> None:
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    assert doors.http().post("/mcp", content=body, headers=headers).status_code == 400


def test_too_long_a_message_is_refused(doors: Doors) -> None:
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    assert doors.http().post("/mcp", content=b" " * 300_000, headers=headers).status_code == 413


@pytest.mark.parametrize("mode", MODES)
def test_an_agent_that_leaves_frees_the_device(tmp_path: Path, mode: str) -> None:
    engine = FakeEngine(step_seconds=0.1, num_steps=100)
    with served(tmp_path, engine=engine) as doors:

        async def work(client: Client) -> None:
            with anyio.move_on_after(1):
                await client.call_tool("generate_image", {"prompt": "a red car"})

        run(doors, "anna", work, mode)
        wait_until(lambda: not doors.agent.jobs.line, 5)
        assert engine.num_steps_done < 60


def test_a_turn_that_fails_is_a_tool_error(tmp_path: Path) -> None:
    brain = ScriptedBrain(
        Decision(route=Route.EDIT, steps=(DecisionStep(kind="edit", prompt="make it blue"),))
    )
    with served(tmp_path, brain=brain) as doors:
        assert "which picture" in sentence(call(doors, "anna", "chat", message="make it blue"))


def test_a_picture_on_another_branch_can_be_changed(doors: Doors) -> None:
    owner = "branches"
    (first,) = data(call(doors, owner, "generate_image", prompt="a red car"))["pictures"]
    turn = doors.agent.sessions.turns(first["chat_id"], owner)[-1]
    list(doors.agent.coordinator.edit(turn.id, owner, "a blue car"))
    assert turn.id not in {each.id for each in doors.agent.sessions.turns(first["chat_id"], owner)}
    result = call(doors, owner, "edit_image", picture_id=first["id"], instruction="make it green")
    (changed,) = data(result)["pictures"]
    assert changed["parents"] == [first["id"]]


def test_a_chat_at_work_is_told_so(tmp_path: Path) -> None:
    engine = FakeEngine()
    with served(tmp_path, engine=engine) as doors:
        (first,) = data(call(doors, "anna", "generate_image", prompt="a red car"))["pictures"]
        engine.step_seconds = 0.2
        arguments = {"picture_id": first["id"], "instruction": "make it blue"}
        at_work = threading.Thread(target=lambda: call(doors, "anna", "edit_image", **arguments))
        at_work.start()
        wait_until(lambda: bool(doors.agent.jobs.line))
        assert "still at work" in sentence(call(doors, "anna", "edit_image", **arguments))
        assert Library(doors.agent.sessions, doors.agent.artifacts).pictures("anna").total == 1
        at_work.join(30)


def test_the_server_says_who_it_is(doors: Doors) -> None:
    async def work(client: Client) -> str:
        return client.instructions or ""

    assert "get_image" in run(doors, "anna", work, "legacy")


def test_errors_of_the_protocol_tell_nothing_of_us(doors: Doors) -> None:
    async def work(client: Client) -> None:
        with pytest.raises(MCPError, match="Method not found"):
            await client.list_prompts()

    run(doors, "anna", work, "legacy")


def test_programs_that_name_no_quality_get_the_houses_own(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors.agent.coordinator, "default_quality", Quality.FAST)
    owner = "unnamed"
    call(doors, owner, "generate_image", prompt="a red car")
    call(doors, owner, "generate_image", prompt="a red car", quality="dev")
    doors.openai(owner).images.generate(prompt="a red car", quality="auto")
    doors.openai(owner).images.generate(prompt="a red car", quality="high")
    sessions = doors.agent.sessions
    turns = [turn for chat in reversed(sessions.list(owner)) for turn in sessions.turns(chat.id, owner)]
    assert [turn.options.quality for turn in turns] == [Quality.FAST, Quality.DEV, Quality.FAST, Quality.FULL]
