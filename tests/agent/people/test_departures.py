"""Whoever is gone stays gone: what was on its way meanwhile, or was cut short, is not kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.decoder.pool import Decoded, Decoders
from agent.decoder.wire import Task
from agent.domain import Origin, PictureOptions
from agent.errors import SessionNotFound
from agent.exits import Exits
from agent.importing import import_session
from agent.keys import Keys
from agent.people.belongings import adopt, leave
from agent.people.sign_ins import SignIns
from agent.people.users import Users
from agent.record import export_session
from agent.sessions import NewPicture
from agent.tidying import tidy
from tests.agent.people.conftest import CHEAP
from tests.doubles import Agent, build_agent, shared_decoders

PASSWORD = "tall-otter-77"


class House:
    """An agent with one person who has a chat with a picture."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.agent: Agent = build_agent(folder)
        self.sessions = self.agent.sessions
        self.users = Users(self.sessions, CHEAP)
        self.owner = self.users.add("anna", PASSWORD).owner
        self.chat = self.sessions.create(self.owner).id
        list(self.agent.coordinator.run(self.chat, self.owner, "draw a dog"))

    def leave(self, owner: str) -> None:
        leave(owner, self.sessions, self.users, self.agent.coordinator.delete)

    def exported(self) -> Path:
        file = self.folder / "chat.zip"
        file.write_bytes(
            b"".join(export_session(Exits(self.sessions, self.agent.artifacts), self.chat, self.owner))
        )
        return file

    def pictures(self) -> list[Path]:
        return [*self.agent.artifacts.folder.rglob("*.png")]


class Interrupted(Decoders):
    """Real decoders, and somebody who leaves while they read."""

    def __init__(self, house: House, owner: str) -> None:
        super().__init__()
        self.house, self.owner = house, owner

    def ask(self, task: Task, content: bytes) -> Decoded:
        self.house.leave(self.owner)
        return shared_decoders().ask(task, content)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.agent.close()


@pytest.mark.parametrize("kind", ["user", "hf", "cookie"])
def test_an_import_that_ends_after_its_owner_has_left_is_not_kept(house: House, kind: str) -> None:
    owner = {"user": house.owner, "hf": "hf:77", "cookie": "c" * 64}[kind]
    file = house.exported()
    house.leave(house.owner)
    with pytest.raises(SessionNotFound):
        import_session(house.sessions, house.agent.artifacts, Interrupted(house, owner), file, owner)
    assert (house.sessions.list(owner), house.pictures()) == ([], [])


def test_who_comes_back_may_import_again(house: House) -> None:
    file = house.exported()
    house.leave("hf:77")
    import_session(house.sessions, house.agent.artifacts, shared_decoders(), file, "hf:77")
    assert len(house.sessions.list("hf:77")) == 1


def test_nothing_is_begun_for_somebody_who_was_removed(house: House) -> None:
    house.leave(house.owner)
    with pytest.raises(SessionNotFound):
        house.sessions.create(house.owner)
    with pytest.raises(SessionNotFound):
        Keys(house.sessions).create(house.owner, "x")
    with pytest.raises(SessionNotFound):
        SignIns(house.sessions).open(house.owner, "anna")


def test_a_departure_that_was_cut_short_is_finished_at_the_next_start(house: House) -> None:
    ben = house.users.add("ben", PASSWORD)
    his = house.sessions.create(ben.owner)
    others = house.sessions.create("hf:77")
    token, key = (
        SignIns(house.sessions).open(house.owner, "anna").token,
        Keys(house.sessions).create(house.owner, "x"),
    )
    (anna,) = (each for each in house.users.list() if each.name == "anna")
    house.users.remove(anna)  # and the process is killed here
    tidy(house.sessions, house.agent.artifacts)
    assert (house.sessions.list(house.owner), house.pictures()) == ([], [])
    assert SignIns(house.sessions).find(token) is None
    assert Keys(house.sessions).find(key.token) is None
    assert house.sessions.has(his.id, ben.owner)
    assert house.sessions.has(others.id, "hf:77")


def test_a_backup_that_was_cut_short_leaves_no_picture(house: House) -> None:
    stage = house.folder / ".backup-0badcafe" / "pictures"
    stage.mkdir(parents=True)
    (picture,) = house.pictures()
    (stage / picture.name).hardlink_to(picture)
    tidy(house.sessions, house.agent.artifacts)
    assert not stage.parent.exists()
    assert house.pictures() == [picture]


def test_a_browsers_chats_are_taken_over_and_its_keys_withdrawn(house: House) -> None:
    nameless = "c" * 64
    chat, key = house.sessions.create(nameless), Keys(house.sessions).create(nameless, "somebody's program")
    adopt(nameless, house.owner, house.sessions)
    assert house.sessions.has(chat.id, house.owner)
    assert Keys(house.sessions).find(key.token) is None
    assert Keys(house.sessions).list(house.owner) == []


def test_the_same_picture_in_anothers_chat_stays(house: House) -> None:
    (turn,) = house.sessions.turns(house.chat, house.owner)
    (mine,) = turn.artifacts
    other = house.sessions.create("hf:77")
    picture = NewPicture(sha256=mine.sha256, width=1, height=1, origin=Origin.UPLOADED)
    house.sessions.open_turn(other.id, "hf:77", "look", PictureOptions(), [picture])
    house.leave(house.owner)
    assert [each.stem for each in house.pictures()] == [mine.sha256]
