"""What is deleted is in no file of the store any more."""

from __future__ import annotations

import random
from pathlib import Path

from agent.domain import PictureOptions, TurnStatus
from agent.sessions import Sessions

CANARY = "persimmon-lighthouse-4417"
NUM_TURNS = 60


def files_with(folder: Path, text: str) -> list[str]:
    return [each.name for each in folder.rglob("*") if each.is_file() and text.encode() in each.read_bytes()]


def fill(sessions: Sessions, dice: random.Random, *words: str) -> list[str]:
    """A chat for each of `words`, their messages in turns, so that they share the database's pages."""
    chats = [sessions.create("ann").id for _ in words]
    for _ in range(NUM_TURNS):
        for chat, word in zip(chats, words, strict=True):
            text = f"{word} " * dice.choice([1, 10, 200, 600])
            turn = sessions.open_turn(chat, "ann", text, PictureOptions())
            sessions.close_turn(turn.id, TurnStatus.DONE, f"I drew {word}.")
    return chats


def test_a_deleted_chat_is_in_no_file_of_the_store(tmp_path: Path) -> None:
    sessions = Sessions(f"sqlite:///{tmp_path}/reverie.db")
    deleted, kept = fill(sessions, random.Random(7), CANARY, "what stays")
    sessions.rename(deleted, "ann", CANARY)
    assert files_with(tmp_path, CANARY) != []
    sessions.delete(deleted, "ann")
    assert files_with(tmp_path, CANARY) == []
    assert len(sessions.turns(kept, "ann")) == NUM_TURNS
    sessions.close()
    assert files_with(tmp_path, CANARY) == []
    assert files_with(tmp_path, "what stays") == ["reverie.db"]


def test_deleting_succeeds_while_somebody_reads(tmp_path: Path) -> None:
    """The log is then emptied with the next deletion."""
    sessions = Sessions(f"sqlite:///{tmp_path}/reverie.db")
    first, second = fill(sessions, random.Random(7), CANARY, "another")
    with sessions.transaction() as rows:
        rows.connection().exec_driver_sql("SELECT * FROM turns")
        sessions.empty_log()
    sessions.delete(first, "ann")
    sessions.delete(second, "ann")
    assert files_with(tmp_path, CANARY) == []
    sessions.close()


def test_a_temporary_chat_is_gone_with_the_next_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/reverie.db"
    sessions = Sessions(url)
    chat = sessions.create("ann", is_temporary=True).id
    sessions.open_turn(chat, "ann", f"{CANARY} " * 300, PictureOptions())
    sessions.close()
    assert files_with(tmp_path, CANARY) != []
    sessions = Sessions(url)
    sessions.drop_temporary()
    assert files_with(tmp_path, CANARY) == []
    sessions.close()
