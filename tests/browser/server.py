"""The app as its user starts it, and a visitor who speaks the page's own HTTP without a browser."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

from ui.settings import DEFAULTS

__all__ = ["Server", "Visitor", "free_port"]

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0
STOP_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """`python app.py` on a data folder; it may be stopped and started again on the same port."""

    program: tuple[str, ...] = ("app.py",)

    def __init__(self, data_folder: Path, *arguments: str, port: int | None = None) -> None:
        self.data_folder = data_folder
        self.port = port or free_port()
        self.arguments = ("--data-folder", str(data_folder), "--port", str(self.port), *arguments)
        self.log = data_folder.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def pid(self) -> int:
        """Of the running app."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> float:
        """Returns the seconds until the page was there."""
        begun = time.monotonic()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("REVERIE_")}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self.program, *self.arguments],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() - begun > START_SECONDS:
                self.close()
                raise AssertionError(f"The app did not start:\n{self.log.read_text()}")
            time.sleep(0.05)
        return time.monotonic() - begun

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Returns the exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        code = self._process.wait(STOP_SECONDS)
        self._process = None
        return code

    def close(self) -> None:
        if self._process is not None:
            self.stop(signal.SIGKILL)

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url, timeout=5, headers={"accept": "text/html"}).status_code in {200, 303}
        except httpx.TransportError:
            return False


SERVER_STATE = None
"""What a page sends where an event reads something that the server alone keeps."""


class Visitor:
    """One browser without a screen: keeps the cookie, knows which event is which."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=60)
        self.page = secrets.token_hex(8)
        self.http.get("/").raise_for_status()
        self.config: dict[str, Any] = self.http.get("/config").json()

    def event(self, component: str, trigger: str) -> int:
        """The number of the event that `trigger` of the first component of this type starts."""
        ids = [each["id"] for each in self.config["components"] if each["type"] == component]
        return next(
            int(each["id"])
            for each in self.config["dependencies"]
            for target in each["targets"]
            if target[0] in ids and target[1] == trigger and each["backend_fn"]
        )

    def event_after(self, event: int) -> int:
        """The number of the event that the page starts when `event` has succeeded."""
        return next(int(each["id"]) for each in self.config["dependencies"] if each["trigger_after"] == event)

    def tell(self, event: int, data: Sequence[Any], page: str = "") -> Iterator[dict[str, Any]]:
        """Start an event; what the server then says of it, message by message."""
        page = page or self.page
        body = {"data": [*data], "fn_index": event, "session_hash": page}
        self.http.post("/gradio_api/queue/join", json=body).raise_for_status()
        with self.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": page}) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    message: dict[str, Any] = json.loads(line.removeprefix("data: "))
                    if message["msg"] == "close_stream":
                        return
                    yield message

    def send(self, text: str, session_id: str = "", files: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
        """A message from the box with default settings, and all that the page is then told of it."""
        submit = self.event("multimodaltextbox", "submit")
        box = {"text": text, "files": [*files]}
        shown = session_id
        for message in self.tell(submit, [SERVER_STATE, box, session_id, "", *DEFAULTS]):
            yield message
            if message["msg"] == "process_completed" and message["success"]:
                shown = message["output"]["data"][0]
        yield from self.tell(self.event_after(submit), [SERVER_STATE, shown])
