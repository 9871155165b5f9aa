"""Keys of programs: whose they are, and that a withdrawn one opens nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import SourceNotFound
from agent.keys import Keys
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
