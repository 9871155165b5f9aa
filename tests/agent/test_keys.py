"""Keys of programs: whose they are, and that a withdrawn one opens nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import SourceNotFound, StorageUnavailable
from agent.keys import Keys, keep_terminal_key
from agent.sessions import Sessions


@pytest.fixture
def keys(store_url: str) -> Iterator[Keys]:
    sessions = Sessions(store_url)
    yield Keys(sessions)
    sessions.close()


def test_a_key_speaks_for_its_owner(keys: Keys) -> None:
    ours, theirs = keys.create("anna", "  Open\n WebUI "), keys.create("ben", "")
    assert ours.token != theirs.token
    found = keys.find(ours.token)
    assert found is not None
    assert (found.owner, found.name) == ("anna", "Open WebUI")
    assert found.used is not None
    assert [key.name for key in keys.list("ben")] == ["Program"]


@pytest.mark.parametrize("token", ["", "rv-", "sk-123", "rv-" + "a" * 43, "rv-" + "a" * 44, "rv-" + "ä" * 43])
def test_any_other_text_is_no_key(keys: Keys, token: str) -> None:
    keys.create("anna", "Open WebUI")
    assert keys.find(token) is None


def test_a_withdrawn_key_opens_nothing(keys: Keys) -> None:
    made = keys.create("anna", "Open WebUI")
    with pytest.raises(SourceNotFound):
        keys.revoke(made.key.id, "ben")
    keys.revoke(made.key.id, "anna")
    assert keys.find(made.token) is None
    assert keys.list("anna") == []


def test_the_token_is_not_on_disk(tmp_path: Path) -> None:
    sessions = Sessions(f"sqlite:///{tmp_path / 'reverie.db'}")
    token = Keys(sessions).create("anna", "Open WebUI").token
    sessions.close()
    with sqlite3.connect(tmp_path / "reverie.db") as database:
        (stored,) = database.execute("select sha256 from keys").fetchone()
    assert stored not in token
    assert not [path for path in tmp_path.iterdir() if token.encode() in path.read_bytes()]


def test_the_terminals_key_is_made_once_and_for_this_user_alone(keys: Keys, tmp_path: Path) -> None:
    file = tmp_path / "terminal.key"
    keep_terminal_key(keys, tmp_path)
    token = file.read_text().strip()
    found = keys.find(token)
    assert found is not None
    assert (found.owner, file.stat().st_mode & 0o777) == ("terminal", 0o600)
    file.chmod(0o644)
    keep_terminal_key(keys, tmp_path)
    assert (file.read_text().strip(), file.stat().st_mode & 0o777) == (token, 0o600)


@pytest.mark.parametrize("content", [None, b"", b"rv-", b"\xff\xfe"])
def test_a_terminal_key_that_is_lost_opens_nothing_any_more(
    keys: Keys, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "terminal.key"
    keep_terminal_key(keys, tmp_path)
    lost = file.read_text().strip()
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    keep_terminal_key(keys, tmp_path)
    assert keys.find(lost) is None
    assert keys.find(file.read_text().strip()) is not None


def test_another_owners_key_is_not_the_terminals(keys: Keys, tmp_path: Path) -> None:
    theirs = keys.create("ben", "Program").token
    (tmp_path / "terminal.key").write_text(theirs)
    keep_terminal_key(keys, tmp_path)
    assert (tmp_path / "terminal.key").read_text().strip() != theirs
    assert keys.find(theirs) is not None


def test_a_key_that_cannot_be_kept_is_a_sentence(keys: Keys, tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="cannot be kept"):
        keep_terminal_key(keys, tmp_path / "missing")
