"""Giving up is said in the form in which logs are wanted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.log_set_up import logging_as_before
from ui.start_up import give_up


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    with logging_as_before():
        yield


def test_a_start_that_fails_is_a_record_for_machines(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    options = (f"--data-folder={tmp_path / 'file' / 'within'}", "--log-format=json", "--engine=fake")
    done = subprocess.run([sys.executable, "app.py", *options], capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    *_, record = [json.loads(line) for line in done.stderr.splitlines()]
    assert (record["level"], record["logger"]) == ("error", "ui.start_up")
    assert record["message"].startswith("Reverie cannot start. The data folder")


@pytest.mark.parametrize("wish", ["--log-format=json", "REVERIE_LOG_FORMAT"])
def test_so_is_a_setting_that_cannot_be(
    wish: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", "--port", "none", "--bogus"])
    if wish.startswith("--"):
        sys.argv.append(wish)
    else:
        monkeypatch.setenv(wish, "json")
    assert give_up("port: none.") == 1
    assert json.loads(capsys.readouterr().err)["message"] == "Reverie cannot start. port: none."


@pytest.mark.parametrize("options", [["--port", "none"], ["--log-format", "xml"]])
def test_for_people_it_is_a_sentence(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", *options])
    assert give_up("port: none.") == 1
    assert capsys.readouterr().err == "Reverie cannot start. port: none.\n"
