from __future__ import annotations

from pathlib import Path

import pytest

from agent.terminal.key import KEY_FILE, find_key


@pytest.mark.parametrize(
    "server", ["http://127.0.0.1:7860", "http://localhost:7860/", "http://[::1]:1", "https://127.8.8.8"]
)
def test_this_machine_gets_the_key_that_lies_here(tmp_path: Path, server: str) -> None:
    assert find_key("", server, tmp_path) == ""
    (tmp_path / KEY_FILE).write_text("rv-here\n")
    assert find_key("", server, tmp_path) == "rv-here"
    assert find_key("rv-mine", server, tmp_path) == "rv-mine"


@pytest.mark.parametrize(
    "server",
    [
        "http://example.test",
        "http://127.0.0.1.example.test",
        "http://localhost@example.test",
        "x",
        "http://10.0.0.1",
    ],
)
def test_no_other_machine_gets_it(tmp_path: Path, server: str) -> None:
    (tmp_path / KEY_FILE).write_text("rv-here\n")
    assert find_key("", server, tmp_path) == ""
    assert find_key("rv-mine", server, tmp_path) == "rv-mine"


def test_a_file_that_is_no_key_is_none(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(b"\xff\xfe")
    assert find_key("", "http://127.0.0.1", tmp_path) == ""
