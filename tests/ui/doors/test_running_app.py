"""The app as its user starts it, and the two official clients against it."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from openai import OpenAI
from PIL import Image

from agent.keys import Keys
from agent.sessions import Sessions
from tests.browser.server import Server
from tests.ui.doors.served import box_mask, picture, png
from tests.ui.doors.test_images import noise

TOOLS = {"chat", "generate_image", "edit_image", "describe_image", "list_images", "get_image"}


def started(folder: Path, *arguments: str) -> tuple[Server, str]:
    """The app, and a key to it that was made in an earlier run: while it runs the store is its own."""
    folder.mkdir()
    sessions = Sessions(f"sqlite:///{folder / 'reverie.db'}")
    with closing(sessions):
        token = Keys(sessions).create("anna", "Open WebUI").token
    server = Server(folder, *arguments)
    server.start()
    return server, token


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    folder = tmp_path_factory.mktemp("app") / "data"
    server, token = started(folder, "--engine", "fake", "--fake-step-seconds", "0.05")
    yield server, token
    try:
        assert server.stop() == 0, "nothing that programs did keeps it open"
    finally:
        server.close()


@pytest.fixture(scope="module")
def client(app: tuple[Server, str]) -> Iterator[OpenAI]:
    server, token = app
    with OpenAI(base_url=f"{server.url}v1", api_key=token, max_retries=0) as client:
        yield client


def content(text: str | None) -> bytes:
    assert text
    return base64.b64decode(text)


def test_openais_client_generates_edits_and_streams(client: OpenAI) -> None:
    made = client.images.generate(prompt="a red car", size="1536x1024", quality="low", n=2)
    assert made.data is not None
    assert len(made.data) == 2
    assert made.size == "160x96"

    before, box = noise(300, 200), (60, 40, 240, 160)
    edited = client.images.edit(
        image=("in.png", png(before)), mask=("mask.png", box_mask(before.size, box)), prompt="make it blue"
    )
    assert edited.data is not None
    after = picture(content(edited.data[0].b64_json)).convert("RGB")
    blank = Image.new("RGB", (box[2] - box[0], box[3] - box[1]))
    assert after.tobytes() != before.tobytes()
    for image in (before, after):
        image.paste(blank, box)
    assert after.tobytes() == before.tobytes(), "outside of the mask nothing changed"

    told = [each.type for each in client.images.generate(prompt="a car", stream=True, partial_images=3)]
    assert told == ["image_generation.partial_image"] * 3 + ["image_generation.completed"]


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_an_mcp_client_lists_and_calls_every_tool(app: tuple[Server, str], mode: str) -> None:
    server, token = app

    async def go() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(f"{server.url}mcp", http_client=http), mode=mode) as client,
        ):
            assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
            made = await client.call_tool("generate_image", {"prompt": "a red car"})
            assert made.structured_content is not None
            picture_id = made.structured_content["pictures"][0]["id"]
            calls = {
                "chat": {"message": "hello"},
                "edit_image": {"picture_id": picture_id, "instruction": "make it blue"},
                "describe_image": {"picture_id": picture_id},
                "list_images": {},
                "get_image": {"picture_id": picture_id, "format": "png"},
            }
            for name, arguments in calls.items():
                answer = await client.call_tool(name, arguments)
                assert not answer.is_error, (name, answer.content)

    anyio.run(go)


def test_the_app_closes_while_a_program_waits(tmp_path: Path) -> None:
    server, token = started(tmp_path / "data", "--engine", "fake", "--fake-step-seconds", "0.5")
    try:
        with OpenAI(base_url=f"{server.url}v1", api_key=token, max_retries=0) as client:
            stream = client.images.generate(prompt="a red car", stream=True, partial_images=3)
            next(iter(stream))
            begun = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - begun < 20
            stream.close()
    finally:
        server.close()


def test_the_embedded_weights_draw_for_programs(tmp_path: Path) -> None:
    server, token = started(tmp_path / "data")
    try:
        with OpenAI(base_url=f"{server.url}v1", api_key=token, timeout=300) as client:
            models = [model.id for model in client.models.list()]
            assert {"reverie", "stickers-fast"} <= set(models)
            answer = client.images.generate(
                model="stickers-fast", prompt="a red car", extra_body={"steps": 4}
            )
            assert answer.data is not None
            assert picture(content(answer.data[0].b64_json)).size == (256, 256)
            assert (answer.size, answer.quality) == ("256x256", "low")
            before, box = picture(content(answer.data[0].b64_json)).convert("RGB"), (60, 60, 200, 200)
            edited = client.images.edit(
                image=("in.png", png(before), "image/png"),
                mask=("mask.png", box_mask(before.size, box), "image/png"),
                prompt="make the car blue",
                quality="low",
            )
            assert edited.data is not None
            after = picture(content(edited.data[0].b64_json)).convert("RGB")
            assert after.tobytes() != before.tobytes()
            for image in (before, after):
                image.paste((0, 0, 0), box)
            assert after.tobytes() == before.tobytes(), "outside of the mask nothing changed"
    finally:
        server.close()
