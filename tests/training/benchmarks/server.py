"""A chat server on a local port that follows a script and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "judge-2026-01-31"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An answer with an HTTP status of its own."""

    status: int
    param: str = ""


Answer = str | Refusal
Script = Callable[[dict[str, Any]], Answer]


@dataclass
class Server:
    """`script` answers each request: a text, or a refusal."""

    http: ThreadingHTTPServer
    script: Script
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    scripted: Server

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.scripted.asked.append(request)
        self.scripted.keys.append(self.headers["Authorization"])
        answer = self.scripted.script(request)
        if isinstance(answer, Refusal):
            status = answer.status
            told: dict[str, Any] = {
                "error": {"message": f"no, {self.scripted.keys[-1]}", "param": answer.param}
            }
        else:
            status, told = 200, {"model": MODEL, "choices": [{"message": {"content": answer}}]}
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(script: Script) -> Iterator[Server]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(http, script)
    http.RequestHandlerClass = type("Scripted", (Handler,), {"scripted": server})
    thread = threading.Thread(target=lambda: http.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def in_turn(*answers: Answer) -> Script:
    """One after the other, whatever is asked."""
    waiting = list(answers)
    return lambda request: waiting.pop(0)


def words_of(request: dict[str, Any]) -> str:
    """What is said in the first message."""
    content = request["messages"][0]["content"]
    return str(content if isinstance(content, str) else content[0]["text"])
