"""A chat that is deleted while something is on its way into it leaves no file."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from agent.artifacts import Artifacts
from agent.domain import Origin, PictureOptions, TurnStatus
from agent.events import TurnFailed, TurnStopped
from agent.gates.gate import PASSED, Subject, Verdict
from agent.gates.gates import Gates
from agent.keeping import keeping
from agent.sessions import NewPicture, Sessions
from tests.doubles import Agent, build_agent

PATIENCE_SECONDS = 20


class SlowGate:
    """A check that takes as long as the test likes."""

    def __init__(self) -> None:
        self.is_asked, self.may_answer = threading.Event(), threading.Event()

    looks = True

    def check(self, subject: Subject) -> Verdict:
        if subject.image is None:
            return PASSED
        self.is_asked.set()
        assert self.may_answer.wait(PATIENCE_SECONDS)
        return PASSED


class Chat:
    """One chat whose pictures wait at a gate."""

    def __init__(self, folder: Path) -> None:
        self.gate = SlowGate()
        self.agent: Agent = build_agent(folder, gates=Gates(gates=(self.gate,)))
        self.id = self.agent.sessions.create("ann").id

    def files(self) -> list[Path]:
        return [path for path in self.agent.artifacts.folder.rglob("*") if path.is_file()]

    def forget(self) -> None:
        """What deleting does once it has waited long enough for the turn."""
        self.agent.artifacts.remove(self.agent.sessions.delete(self.id, "ann"))


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Chat]:
    chat = Chat(tmp_path)
    yield chat
    chat.gate.may_answer.set()
    chat.agent.close()


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "blue").save(file, "PNG")
    return file.getvalue()


def test_a_picture_whose_chat_was_deleted_while_it_was_checked_leaves_no_file(chat: Chat) -> None:
    events = chat.agent.coordinator.run(chat.id, "ann", "draw a dog")
    assert chat.gate.is_asked.wait(PATIENCE_SECONDS)
    chat.forget()
    chat.gate.may_answer.set()
    assert isinstance([*events][-1], TurnFailed)
    assert chat.files() == []


def test_an_upload_to_a_chat_that_was_deleted_while_it_was_checked_leaves_no_file(chat: Chat) -> None:
    events = chat.agent.coordinator.run(chat.id, "ann", "look", [png()])
    assert chat.gate.is_asked.wait(PATIENCE_SECONDS)
    chat.forget()
    chat.gate.may_answer.set()
    assert isinstance([*events][-1], TurnFailed)
    assert chat.files() == []


def test_what_is_stopped_while_it_is_checked_is_not_kept(chat: Chat) -> None:
    events = chat.agent.coordinator.run(chat.id, "ann", "draw a dog")
    assert chat.gate.is_asked.wait(PATIENCE_SECONDS)
    assert chat.agent.coordinator.stop(chat.id, "ann")
    chat.gate.may_answer.set()
    assert isinstance([*events][-1], TurnStopped)
    (turn,) = chat.agent.sessions.turns(chat.id, "ann")
    assert (turn.status, turn.artifacts, chat.files()) == (TurnStatus.STOPPED, (), [])


def test_a_file_that_another_row_names_stays(tmp_path: Path) -> None:
    sessions, artifacts = Sessions(f"sqlite:///{tmp_path}/reverie.db"), Artifacts(tmp_path / "pictures")
    known = artifacts.put(b"known")
    picture = NewPicture(sha256=known, width=1, height=1, origin=Origin.UPLOADED)
    sessions.open_turn(sessions.create("ann").id, "ann", "look", PictureOptions(), [picture])

    def fail() -> None:
        with keeping(artifacts, sessions) as put:
            assert put(b"known") == known
            put(b"new")
            raise ValueError("no row")

    with pytest.raises(ValueError, match="no row"):
        fail()
    assert [path.stem for path in artifacts.folder.rglob("*.png")] == [known]
    sessions.close()
