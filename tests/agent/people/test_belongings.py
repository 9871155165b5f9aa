"""Somebody leaves: nothing of theirs stays, and nothing of others goes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from agent.artifacts import Artifacts
from agent.domain import Origin, PictureOptions
from agent.errors import SignInRefused
from agent.keys import Keys
from agent.library import Library
from agent.people.belongings import leave
from agent.people.sign_ins import SignIns
from agent.people.users import User, Users
from agent.sessions import NewPicture, Sessions
from agent.sharing import Shares
from tests.agent.people.conftest import CHEAP

PASSWORD = "tall-otter-77"


def fill(sessions: Sessions, artifacts: Artifacts, user: User, word: str) -> str:
    """A chat with a picture of their own and one that all have; returns the hash of the first."""
    chat = sessions.create(user.owner)
    hashes = [artifacts.put(f"{word} picture".encode()), artifacts.put(b"the same picture")]
    pictures = [NewPicture(sha256=each, width=1, height=1, origin=Origin.UPLOADED) for each in hashes]
    sessions.open_turn(chat.id, user.owner, f"{word} words", PictureOptions(), pictures)
    Shares(sessions).share(chat.id, user.owner)
    return hashes[0]


def test_everything_of_the_one_is_gone_and_all_of_the_other_stays(tmp_path: Path) -> None:
    sessions = Sessions(f"sqlite:///{tmp_path / 'reverie.db'}")
    users, artifacts = Users(sessions, CHEAP), Artifacts(tmp_path / "pictures")
    anna, ben = users.add("anna", PASSWORD), users.add("ben", PASSWORD)
    hers, his = fill(sessions, artifacts, anna, "hers"), fill(sessions, artifacts, ben, "his")
    token, key = (
        SignIns(sessions).open(anna.owner, "anna").token,
        Keys(sessions).create(anna.owner, "x").token,
    )
    his_token = SignIns(sessions).open(ben.owner, "ben").token
    leave(
        anna.owner,
        sessions,
        users,
        lambda session_id, owner: artifacts.remove(sessions.delete(session_id, owner)),
    )
    assert SignIns(sessions).find(token) is None
    assert Keys(sessions).find(key) is None
    assert not artifacts.path(hers).exists()
    assert artifacts.path(his).exists()
    assert Library(sessions, artifacts).chats(anna.owner, "hers").total == 0
    assert Library(sessions, artifacts).chats(ben.owner, "his").total == 1
    assert SignIns(sessions).find(his_token) is not None
    assert users.check("ben", PASSWORD) == ben
    try:
        users.check("anna", PASSWORD)
        raise AssertionError("anna is still there")
    except SignInRefused:
        sessions.close()
    with sqlite3.connect(tmp_path / "reverie.db") as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        rows = [str(row) for table in tables for row in database.execute(f"select * from {table}")]
    assert [row for row in rows if anna.id in row or "hers" in row] == []
    assert [row for row in rows if ben.id in row] != []


def test_a_new_person_of_the_same_name_has_nothing_of_the_old_one(sessions: Sessions, users: Users) -> None:
    old = users.add("anna", PASSWORD)
    leave(old.owner, sessions, users, lambda session_id, owner: None)
    assert users.add("anna", PASSWORD).owner != old.owner
