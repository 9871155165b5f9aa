"""Where the commands beside the app look: as the app does."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from agent.data_place import DataPlace, add_place, url_of
from agent.errors import StorageUnavailable
from ui.flags import Settings

URL = "postgresql+psycopg://reverie:pw@database/reverie"


def found(*words: str) -> tuple[Path, str]:
    parser = argparse.ArgumentParser()
    add_place(parser)
    arguments = parser.parse_args(words)
    return arguments.data_folder, url_of(arguments)


def test_they_look_where_the_app_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found() == (Settings().data_folder, Settings().store_url)
    monkeypatch.setenv("REVERIE_DATA_FOLDER", str(tmp_path / "data"))
    assert found() == (tmp_path / "data", Settings().store_url)
    (tmp_path / "reverie_database_url").write_text(f"{URL}\n")
    for each in (DataPlace, Settings):
        monkeypatch.setitem(each.model_config, "secrets_dir", tmp_path)
    assert found() == (tmp_path / "data", URL) == (Settings().data_folder, Settings().store_url)
    monkeypatch.setenv("REVERIE_DATABASE_URL", "sqlite:///own.db")
    assert found() == (tmp_path / "data", "sqlite:///own.db") == (tmp_path / "data", Settings().store_url)


def test_what_is_said_on_the_command_line_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVERIE_DATABASE_URL", "sqlite:///own.db")
    (tmp_path / "url").write_text(f"{URL}\n")
    assert found("--database-url", "sqlite:///other.db")[1] == "sqlite:///other.db"
    assert found("--database-url-file", str(tmp_path / "url"))[1] == URL
    with pytest.raises(StorageUnavailable, match="nowhere cannot be read"):
        found("--database-url-file", str(tmp_path / "nowhere"))
