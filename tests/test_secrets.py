"""What is told to the app in confidence goes nowhere that others can read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from agent.signing_key import CERTIFICATES_NAME, KEY_NAME, new_key
from tests.browser.server import ROOT, Server, Visitor

CANARIES: Mapping[str, str] = {
    "api key": "sk-canary-alder-1183",
    "moderation key": "sk-canary-birch-2294",
    "metrics token": "canary-cedar-3305",
    "OAuth secret": "canary-fir-4416",
    "database password": "canary-hazel-5527",
}


class Echo(BaseHTTPRequestHandler):
    """Judges everything harmless; as a language model it is broken, and says aloud what it was shown."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        is_judge = self.path.endswith("/moderations")
        result = {"flagged": False, "categories": {}}
        error = {"message": f"I do not know {self.headers['Authorization']}.", "type": "x", "code": "x"}
        answer = {"id": "x", "model": "m", "results": [result]} if is_judge else {"error": error}
        content = json.dumps(answer).encode()
        self.send_response(200 if is_judge else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[str]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}/v1"
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def house(tmp_path: Path, echo: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The app as somebody starts it who has a secret of every kind, but for the database's."""
    new_key(tmp_path / "signing")
    monkeypatch.setenv("OAUTH_CLIENT_ID", "reverie")
    monkeypatch.setenv("OAUTH_CLIENT_SECRET", CANARIES["OAuth secret"])
    certificates, key = (str(tmp_path / "signing" / name) for name in (CERTIFICATES_NAME, KEY_NAME))
    server = Server(
        tmp_path / "data",
        *("--engine", "fake", "--brain", "openai", "--base-url", echo, "--model", "m"),
        *("--api-key", CANARIES["api key"], "--metrics-token", CANARIES["metrics token"]),
        *("--moderation-url", echo, "--moderation-key", CANARIES["moderation key"]),
        *("--c2pa-certificates", certificates, "--c2pa-key", key),
    )
    try:
        server.start()
        yield server
    finally:
        server.close()


def found_in(content: bytes, secrets: Mapping[str, str]) -> list[str]:
    return [name for name, secret in secrets.items() if secret.encode() in content]


def test_no_secret_leaves_the_app(house: Server, tmp_path: Path) -> None:
    key = (tmp_path / "signing" / KEY_NAME).read_text().splitlines()[1]
    secrets = {**CANARIES, "C2PA key": key}
    visitor = Visitor(house.url)
    told = [json.dumps(each).encode() for each in visitor.send("draw a red car")]
    assert b"process_completed" in told[-1]
    told += [
        json.dumps(each).encode() for each in visitor.tell(visitor.event("multimodaltextbox", "submit"), [])
    ]
    token = visitor.http.cookies["reverie_owner"]
    (chat,) = {path.split("=")[-1] for each in told for path in [chat_in(each)] if path}
    pages = {
        path: visitor.http.get(path, headers={"accept": "text/html"})
        for path in ("/", "/config", "/account", "/metrics", "/nowhere", "/readyz", "/healthz", "/about")
    }
    pages["export"] = visitor.http.get(f"/export/{chat}")
    pages["wrong key"] = httpx.get(f"{house.url}v1/models", headers={"authorization": "Bearer rv-wrong"})
    pages["wrong token"] = httpx.get(f"{house.url}metrics", headers={"authorization": "Bearer wrong"})
    pages["no zip"] = visitor.http.post("/import", content=b"x", headers={"content-type": "application/zip"})
    pages["broken event"] = visitor.http.post("/gradio_api/queue/join", content=b"{")
    assert pages["export"].status_code == 200
    leaks = {path: found_in(each.content, secrets) for path, each in pages.items()}
    leaks |= {f"event {place}": found_in(each, secrets) for place, each in enumerate(told)}
    assert {place: names for place, names in leaks.items() if names} == {}
    visitor.http.close()
    assert house.stop() == 0
    files = [each for each in (*house.data_folder.rglob("*"), house.log) if each.is_file()]
    assert any(each.suffix == ".png" for each in files)
    kept = {str(each): found_in(each.read_bytes(), {**secrets, "cookie": token}) for each in files}
    assert {file: names for file, names in kept.items() if names} == {}


def chat_in(message: bytes) -> str:
    """The id of the chat, where a message tells it."""
    output = json.loads(message).get("output") or {}
    data = output.get("data") or [None]
    return data[0] if isinstance(data[0], str) and len(data[0]) == 32 else ""


def test_a_database_that_does_not_answer_keeps_its_password(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://reverie:{CANARIES['database password']}@127.0.0.1:1/reverie"
    command = [sys.executable, "app.py", "--engine", "fake", "--data-folder", str(tmp_path / "data")]
    environment = {**os.environ, "REVERIE_DATABASE_URL": url}
    end = subprocess.run(command, cwd=ROOT, capture_output=True, env=environment, timeout=120)
    assert end.returncode == 1
    assert b"Traceback" not in end.stderr
    assert found_in(end.stdout + end.stderr, CANARIES) == []
