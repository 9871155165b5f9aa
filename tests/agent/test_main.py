"""python -m agent, against the app as its user starts it."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from agent.terminal.key import KEY_FILE
from tests.browser.server import ROOT, Server, free_port

WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("terminal") / "data"
    server = Server(folder, "--engine", "fake", "--fake-step-seconds", "0.02")
    server.start()
    yield server
    server.close()


class Shell:
    """Somebody's shell, in a folder of its own."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.folder = folder
        self.environment = {key: each for key, each in os.environ.items() if not key.startswith("REVERIE_")}
        self.environment |= {"PYTHONPATH": str(ROOT)}
        self.start = [sys.executable, "-m", "agent", "--server", server.url]
        self.start += ["--data-folder", str(server.data_folder)]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.start, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
        )

    @property
    def pictures(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*.png"))


@pytest.fixture
def shell(server: Server, tmp_path: Path) -> Shell:
    return Shell(server, tmp_path)


def test_a_picture_is_drawn_changed_and_lies_in_the_folder(shell: Shell) -> None:
    drawn = shell.run("--new", "draw", "a", "red", "car")
    assert (drawn.returncode, drawn.stderr) == (0, "")
    assert drawn.stdout == "reverie-1.png\nHere is #1.\n"
    changed = shell.run("make it blue")
    assert changed.stdout == "reverie-2.png\nDone: #2 (from #1).\n"
    assert shell.pictures == ["reverie-1.png", "reverie-2.png"]
    with Image.open(shell.folder / "reverie-2.png") as image:
        assert image.format == "PNG"


def test_events_are_lines_of_json(shell: Shell) -> None:
    told = shell.run("--new", "--json", "--seed", "5", "draw a red car")
    events = [json.loads(line) for line in told.stdout.splitlines()]
    assert (events[0]["type"], events[-1]["type"]) == ("RUN_STARTED", "RUN_FINISHED")
    chat = events[0]["threadId"]
    ids = [each["id"] for each in events]
    assert ids == sorted(set(ids))
    assert next(each["value"]["seed"] for each in events if each.get("name") == "picture") == 5
    again = shell.run("--session", chat, "--json", "hello")
    assert json.loads(again.stdout.splitlines()[0])["threadId"] == chat


def test_a_picture_goes_along(shell: Shell) -> None:
    Image.new("RGB", (128, 128), "red").save(shell.folder / "mine.png")
    told = shell.run("--new", "--picture", "mine.png", "--out", ".", "make it blue")
    assert (told.returncode, told.stdout) == (0, "reverie-2.png\nDone: #2 (from #1).\n")


def test_a_plan_waits_or_is_approved(shell: Shell) -> None:
    waits = shell.run("--new", "--ask-first", "draw a red car")
    assert (waits.returncode, shell.pictures) == (3, [])
    assert waits.stdout.endswith("1. generate: a red car\n")
    assert shell.run("--ask-first", "--yes", "draw a red car").returncode == 0
    assert shell.pictures == ["reverie-1.png"]


def hear_ctrl_c() -> None:
    """A test run in the background was told to ignore it, and so would be what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_stops_the_turn(server: Server, shell: Shell) -> None:
    process = subprocess.Popen(
        [*shell.start, "--new", "--json", "draw four red cars"],
        cwd=shell.folder,
        env=shell.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
    )
    assert process.stdout is not None
    lines = [next(line for line in process.stdout if '"progress"' in line)]
    process.send_signal(signal.SIGINT)
    lines += process.stdout
    process.stdout.close()
    assert process.wait(WAIT_SECONDS) == 130
    assert json.loads(lines[-1])["outcome"] == {"type": "cancelled"}


def test_what_goes_wrong_is_a_sentence_and_an_exit_code(shell: Shell, tmp_path: Path) -> None:
    nobody = shell.run("--server", f"http://127.0.0.1:{free_port()}", "hi")
    assert nobody.returncode == 2
    assert nobody.stderr.endswith("Please start Reverie in another window: python app.py\n")
    shell.environment["REVERIE_KEY"] = "rv-wrong"
    stranger = shell.run("hi")
    assert (stranger.returncode, "does not know who asks" in stranger.stderr) == (1, True)
    del shell.environment["REVERIE_KEY"]
    assert shell.run().returncode == 2
    assert "is no folder" in shell.run("--out", "missing", "hi").stderr
    assert "does not exist" in shell.run("--session", "0" * 32, "hi").stderr
    refused = shell.run("--new", "x" * 5_000)
    assert (refused.returncode, "5,000 characters" in refused.stderr) == (1, True)


def test_the_key_is_made_once_for_this_user_alone(server: Server) -> None:
    file = server.data_folder / KEY_FILE
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_text()
    assert server.stop() == 0
    server.start()
    assert file.read_text() == before


def test_a_conversation_at_a_terminal(shell: Shell) -> None:
    near, far = pty.openpty()
    environment = shell.environment | {"TERM": "xterm-256color", "COLUMNS": "60"}
    process = subprocess.Popen(
        [*shell.start, "--new", "--ask-first"],
        cwd=shell.folder,
        env=environment,
        stdin=far,
        stdout=far,
        stderr=far,
    )
    os.close(far)
    shown = b""

    def read_until(words: bytes) -> None:
        nonlocal shown
        begun = time.monotonic()
        while words not in shown:
            assert time.monotonic() - begun < WAIT_SECONDS, shown
            shown += os.read(near, 65_536)
        shown = shown.partition(words)[2]

    read_until(b"> ")
    os.write(near, b"draw a red car\n")
    read_until(b"1. generate: a red car")
    read_until(b"[Y/n] ")
    os.write(near, b"y\n")
    read_until("▀".encode())
    read_until(b"reverie-1.png")
    read_until(b"> ")
    os.write(near, b"/picture missing.png\n")
    read_until(b"> ")
    os.write(near, b"what is this\n")
    read_until(b"missing.png cannot be read")
    read_until(b"> ")
    os.write(near, b"/quit\n")
    assert process.wait(WAIT_SECONDS) == 0
    os.close(near)
