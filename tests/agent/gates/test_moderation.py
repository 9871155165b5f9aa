"""The gates that ask a server: what it flags is refused, and nothing passes while it does not answer."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from PIL import Image

from agent.errors import GateUnavailable
from agent.gates.gate import Harm, Subject
from agent.gates.moderation import ModerationGate


class Server(ThreadingHTTPServer):
    """Flags words with "forbidden" in them, and red pictures; or answers what a test says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.answer: bytes | None = None
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.keys.append(self.headers["Authorization"])
        answer = self.server.answer
        if answer is None:
            is_flagged = self.path == "/v1/moderations" and flags(body["input"][0])
            result = {"flagged": is_flagged, "categories": {"sexual/minors": "minor" in json.dumps(body)}}
            answer = json.dumps({"id": "x", "model": "m", "results": [result]}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


def flags(part: dict[str, Any]) -> bool:
    if part["type"] == "text":
        return "forbidden" in part["text"]
    content = base64.b64decode(part["image_url"]["url"].removeprefix("data:image/jpeg;base64,"))
    with Image.open(io.BytesIO(content)) as image:
        assert max(image.size) <= 1024
        red, green, _ = image.convert("RGB").getpixel((0, 0))  # type: ignore[misc]
    return bool(red > 200 and green < 50)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def moderation(server: Server) -> Iterator[ModerationGate]:
    moderation = ModerationGate(server.url, "omni", "secret")
    yield moderation
    moderation.close()


def test_flagged_words_are_refused(server: Server, moderation: ModerationGate) -> None:
    assert not moderation.check(Subject(text="a cat")).is_refused
    assert moderation.check(Subject(text="a forbidden cat")).harm is Harm.OTHER
    assert moderation.check(Subject(text="a forbidden minor")).harm is Harm.MINORS
    assert moderation.check(Subject(text="make it blue", shown="something forbidden")).is_refused
    assert (server.asked[0]["model"], server.keys[0]) == ("omni", "Bearer secret")


def test_flagged_pictures_are_refused(moderation: ModerationGate) -> None:
    assert moderation.check(Subject(image=Image.new("RGB", (3000, 20), "red"))).harm is Harm.OTHER
    assert not moderation.check(Subject(image=Image.new("RGBA", (30, 20), (0, 0, 255, 255)))).is_refused


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, b"{}"),
        (401, b"{}"),
        (302, b""),
        (200, b"no JSON"),
        (200, b'{"results": []}'),
        (200, b'{"results": [{"categories": {}}]}'),
        (200, b'{"results": [' + b" " * 2_000_000 + b"]}"),
    ],
)
def test_nothing_passes_without_a_verdict(
    server: Server, moderation: ModerationGate, status: int, answer: bytes
) -> None:
    server.status, server.answer = status, answer
    with pytest.raises(GateUnavailable, match="try again later"):
        moderation.check(Subject(text="a cat"))


def test_nothing_passes_while_nobody_is_there() -> None:
    moderation = ModerationGate("http://127.0.0.1:9/v1", "omni", "secret")
    with pytest.raises(GateUnavailable) as caught:
        moderation.check(Subject(image=Image.new("RGB", (8, 8))))
    assert "secret" not in str(caught.value)
    moderation.close()
