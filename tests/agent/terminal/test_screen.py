from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from agent.errors import AgentError
from agent.terminal.link import Told
from agent.terminal.screen import JsonLines, Screen, keep_picture

PICTURE = {"id": "a" * 32, "handle": "#3b", "address": "/pictures/x"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def fetch(picture_id: str) -> bytes:
    assert picture_id == "a" * 32
    return b"png"


def told(kind: str, event_id: int = 1, **fields: Any) -> Told:
    return Told(id=event_id, data={"type": kind, **fields})


def custom(name: str, value: dict[str, Any]) -> Told:
    return told("CUSTOM", name=name, value=value)


def test_words_and_paths_go_out_and_the_changing_line_aside(tmp_path: Path) -> None:
    screen = Screen(folder=tmp_path, fetch=fetch, out=io.StringIO(), aside=Terminal())
    screen.show(custom("queued", {"index": 0, "place": 2}))
    screen.show(custom("progress", {"index": 0, "step": 2, "of": 8}))
    screen.show(custom("picture", PICTURE))
    screen.show(told("TEXT_MESSAGE_CONTENT", delta="Here "))
    screen.show(told("TEXT_MESSAGE_CONTENT", delta="it is."))
    screen.show(told("TEXT_MESSAGE_END"))
    screen.show(told("RUN_FINISHED"))
    assert screen.out.getvalue() == f"{tmp_path}/reverie-3b.png\nHere it is.\n"  # type: ignore[attr-defined]
    aside = screen.aside.getvalue()  # type: ignore[attr-defined]
    assert "In line, 2 ahead" in aside
    assert "step 2 of 8" in aside
    assert aside.endswith("\r\x1b[K")


def test_without_a_terminal_there_is_no_changing_line(tmp_path: Path) -> None:
    screen = Screen(folder=tmp_path, fetch=fetch, out=io.StringIO(), aside=io.StringIO())
    screen.show(custom("progress", {"index": 0, "step": 2, "of": 8}))
    assert screen.aside.getvalue() == ""  # type: ignore[attr-defined]


def test_words_command_no_terminal(tmp_path: Path) -> None:
    screen = Screen(folder=tmp_path, fetch=fetch, out=io.StringIO(), aside=io.StringIO())
    screen.show(told("TEXT_MESSAGE_CONTENT", delta="a\x1b]0;title\x07b\u202ec\nd\x9b2J"))
    screen.show(told("RUN_ERROR", message="bad\x1b[2J"))
    assert screen.out.getvalue() == "a]0;titlebc\nd2J\n"  # type: ignore[attr-defined]
    assert screen.aside.getvalue() == "bad[2J\n"  # type: ignore[attr-defined]


def test_a_plan_that_waits_is_shown(tmp_path: Path) -> None:
    screen = Screen(folder=tmp_path, fetch=fetch, out=io.StringIO(), aside=io.StringIO())
    steps = [{"kind": "generate", "prompt": "a cat"}, {"kind": "edit", "instruction": "make it blue"}]
    screen.show(custom("plan", {"steps": steps}))
    screen.show(told("RUN_FINISHED", outcome={"type": "interrupt"}))
    assert screen.out.getvalue() == "1. generate: a cat\n2. edit: make it blue\n"  # type: ignore[attr-defined]


def test_a_snapshot_tells_what_was_missed_and_nothing_twice(tmp_path: Path) -> None:
    screen = Screen(folder=tmp_path, fetch=fetch, out=io.StringIO(), aside=io.StringIO())
    screen.show(custom("picture", PICTURE))
    screen.show(told("STATE_SNAPSHOT", snapshot={"pictures": [PICTURE], "reply": "Here it is."}))
    assert screen.out.getvalue() == f"{tmp_path}/reverie-3b.png\nHere it is.\n"  # type: ignore[attr-defined]


def test_json_is_a_line_an_event(tmp_path: Path) -> None:
    lines = JsonLines(folder=tmp_path, fetch=fetch, out=io.StringIO(), aside=io.StringIO())
    lines.show(custom("picture", PICTURE))
    lines.show(told("TEXT_MESSAGE_CONTENT", 7, delta="a\nb"))
    first, second = lines.out.getvalue().splitlines()  # type: ignore[attr-defined]
    assert json.loads(first)["value"] == PICTURE
    assert json.loads(second) == {"id": 7, "type": "TEXT_MESSAGE_CONTENT", "delta": "a\nb"}
    assert lines.aside.getvalue() == f"{tmp_path}/reverie-3b.png\n"  # type: ignore[attr-defined]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    paths = [keep_picture(PICTURE, fetch, tmp_path) for _ in range(3)]
    assert [path.name for path in paths] == ["reverie-3b.png", "reverie-3b-2.png", "reverie-3b-3.png"]


@pytest.mark.parametrize("handle", ["../../x", "#/etc/passwd", "\0", "", "#" + "9" * 400])
def test_a_server_names_no_path(tmp_path: Path, handle: str) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    path = keep_picture(PICTURE | {"handle": handle}, fetch, folder)
    assert path.parent == folder
    assert len(path.name) < 40
    assert [*tmp_path.rglob("*.png")] == [path]


@pytest.mark.parametrize("picture_id", ["../x", "", None, "A" * 32, "a" * 31])
def test_an_id_that_is_none_is_refused(tmp_path: Path, picture_id: Any) -> None:
    with pytest.raises(AgentError):
        keep_picture({"id": picture_id, "handle": "#1"}, fetch, tmp_path)


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="cannot be written"):
        keep_picture(PICTURE, fetch, tmp_path / "missing")
