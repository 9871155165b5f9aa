"""Chats and pictures over all sessions of one owner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import library as module
from agent.domain import Artifact, Origin, PictureOptions, TurnStatus
from agent.errors import SessionNotFound, SourceNotFound
from agent.library import Library
from agent.sessions import NewPicture
from tests.doubles import Agent, ScriptedBrain, build_agent, edit


class Shelf:
    """An agent and a library over its store."""

    def __init__(self, folder: Path, url: str) -> None:
        self.brain = ScriptedBrain()
        self.agent: Agent = build_agent(folder, brain=self.brain, url=url)
        self.sessions = self.agent.sessions
        self.library = Library(self.agent.sessions, self.agent.artifacts)

    def chat(self, text: str, reply: str = "", *, owner: str = "ann", is_temporary: bool = False) -> str:
        session = self.sessions.create(owner, is_temporary=is_temporary)
        turn = self.sessions.open_turn(session.id, owner, text, PictureOptions())
        self.sessions.close_turn(turn.id, TurnStatus.DONE, reply)
        return session.id

    def picture(self, session_id: str, caption: str, **facts: object) -> Artifact:
        turn = self.sessions.turns(session_id, "ann")[-1]
        values = {"sha256": "a" * 64, "width": 8, "height": 8, "origin": Origin.GENERATED} | facts
        return self.sessions.add_artifact(turn.id, NewPicture(caption=caption, **values))  # type: ignore[arg-type]

    def found(self, words: str) -> list[str]:
        return [each.id for each in self.library.chats("ann", words).chats]

    def seen(self, words: str = "", **options: bool) -> list[str]:
        page = self.library.pictures("ann", words, **options)
        return [each.artifact.id for each in page.pictures]


@pytest.fixture
def shelf(tmp_path: Path, store_url: str) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path, store_url)
    yield shelf
    shelf.agent.close()


def test_pinned_chats_come_first_then_the_latest_used(shelf: Shelf) -> None:
    one, two, three = shelf.chat("one"), shelf.chat("two"), shelf.chat("three")
    assert shelf.found("") == [three, two, one]
    shelf.sessions.pin(one, "ann", True)
    assert shelf.found("") == [one, three, two]


def test_words_are_found_in_titles_messages_replies_and_captions(shelf: Shelf) -> None:
    titled, said, replied, drawn = (shelf.chat(f"chat {n}", f"reply {n}") for n in range(4))
    shelf.sessions.rename(titled, "ann", "My Zebra")
    shelf.sessions.open_turn(said, "ann", "draw a ZEBRA on a road", PictureOptions())
    shelf.sessions.close_turn(shelf.sessions.turns(replied, "ann")[0].id, TurnStatus.DONE, "A zebra, then.")
    shelf.picture(drawn, "zebra crossing")
    assert set(shelf.found("zebra")) == {titled, said, replied, drawn}
    assert shelf.found("zebra road") == [said], "every word must be there"
    assert shelf.found("zebra cros") == [drawn]
    assert shelf.found("giraffe") == []


def test_signs_of_a_search_are_signs(shelf: Shelf) -> None:
    percent, under = shelf.chat("100% red"), shelf.chat("snake_case")
    shelf.chat("nothing of this")
    assert shelf.found("%") == [percent]
    assert shelf.found("_") == [under]
    assert shelf.found("/") == shelf.found("\\") == shelf.found("' OR 1=1 --") == []
    assert shelf.found("red\0") == [percent]
    assert shelf.found("猫") == []
    assert shelf.found("x " * 10_000) == []


def test_search_reads_any_branch(shelf: Shelf) -> None:
    chat = shelf.chat("a zebra")
    shelf.sessions.open_turn(chat, "ann", "a horse", PictureOptions(), after=None)
    assert shelf.found("zebra") == [chat]


def test_the_list_is_bounded_and_says_how_many_there_are(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_CHATS", 2)
    for number in range(5):
        shelf.chat(f"chat {number}")
    listed = shelf.library.chats("ann")
    assert ([each.title for each in listed.chats], listed.total) == (["chat 4", "chat 3"], 5)


def test_strangers_find_nothing(shelf: Shelf) -> None:
    chat = shelf.chat("a zebra")
    made = shelf.picture(chat, "zebra")
    assert shelf.library.chats("bob", "zebra").total == shelf.library.chats("bob").total == 0
    assert shelf.library.pictures("bob").total == 0
    for forbidden in (
        lambda: shelf.library.star(made.id, "bob", True),
        lambda: shelf.library.picture(made.id, "bob"),
        lambda: shelf.library.use(made.id, "bob", shelf.sessions.create("bob").id),
    ):
        with pytest.raises(SourceNotFound):
            forbidden()
    assert not shelf.sessions.artifact(made.id, "ann").is_starred


def test_a_temporary_chat_is_in_the_list_and_in_no_search_or_gallery(shelf: Shelf) -> None:
    chat = shelf.chat("a zebra", is_temporary=True)
    shelf.picture(chat, "zebra")
    assert shelf.found("") == [chat]
    assert shelf.found("zebra") == []
    assert shelf.seen() == []


def test_pictures_of_all_chats_newest_first(shelf: Shelf) -> None:
    one, two = shelf.chat("draw a car"), shelf.chat("draw a house")
    car = shelf.picture(one, "a car")
    house = shelf.picture(two, "a house")
    upload = shelf.picture(one, "", origin=Origin.UPLOADED, candidate=2)
    shelf.picture(one, "", origin=Origin.MASK, candidate=3)
    assert shelf.seen() == [upload.id, house.id, car.id]
    assert shelf.seen("house") == [house.id]
    assert shelf.seen("draw") == [upload.id, house.id, car.id], "the message counts"
    found = shelf.library.picture(house.id, "ann")
    assert (found.artifact.id, found.message, found.title) == (house.id, "draw a house", "draw a house")


def test_starred_pictures_alone(shelf: Shelf) -> None:
    chat = shelf.chat("draw")
    shelf.picture(chat, "a car")
    house = shelf.picture(chat, "a house", candidate=2)
    assert shelf.library.star(house.id, "ann", True).is_starred
    assert shelf.seen(is_starred=True) == [house.id]
    shelf.library.star(house.id, "ann", False)
    assert shelf.seen(is_starred=True) == []


def test_pages_follow_one_another_and_end(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE_PICTURES", 2)
    chat = shelf.chat("draw")
    made = [shelf.picture(chat, "a car", candidate=number).id for number in range(5)]
    pages = [shelf.library.pictures("ann", page=number) for number in (0, 1, 2, 3, -1, 10**9)]
    assert [[each.artifact.id for each in page.pictures] for page in pages[:3]] == (
        [[made[4], made[3]], [made[2], made[1]], [made[0]]]
    )
    assert [page.page for page in pages] == [0, 1, 2, 2, 0, 2]
    assert {page.num_pages for page in pages} == {3}
    assert shelf.library.pictures("ann", "giraffe", page=3).num_pages == 1


def drawn(shelf: Shelf) -> tuple[str, Artifact, Artifact]:
    """A chat with a picture and its edit."""
    chat = shelf.sessions.create("ann").id
    [*shelf.agent.coordinator.run(chat, "ann", "a small boat")]
    (boat,) = shelf.sessions.turns(chat, "ann")[0].artifacts
    shelf.brain._script = iter([edit("make it blue", boat.id)])
    [*shelf.agent.coordinator.run(chat, "ann", "make it blue")]
    (blue,) = shelf.sessions.turns(chat, "ann")[1].artifacts
    return chat, boat, blue


def test_a_picture_is_used_in_another_chat(shelf: Shelf) -> None:
    chat, _, blue = drawn(shelf)
    other = shelf.sessions.create("ann").id
    turn = shelf.library.use(blue.id, "ann", other)
    (copy,) = turn.uploads
    assert (copy.sha256, copy.recipe, copy.handle) == (blue.sha256, blue.recipe, "#1")
    assert copy.caption == "a small boat; make it blue", "what it shows, from the first wish on"
    assert (turn.status, turn.reply) == (TurnStatus.DONE, "#1 is here now. What shall I change?")
    assert shelf.sessions.get(other, "ann").head == copy.id
    shelf.agent.coordinator.delete(chat, "ann")
    shelf.brain._script = iter([edit("make it red", copy.id)])
    [*shelf.agent.coordinator.run(other, "ann", "make it red")]
    context = shelf.brain.contexts[-1]
    assert (context.current, context.pictures[0].prompt) == (copy.id, copy.caption)
    assert shelf.sessions.turns(other, "ann")[-1].status is TurnStatus.DONE


def test_a_used_picture_still_tells_who_is_shown(shelf: Shelf) -> None:
    """The check on words must see the first words of a picture in its new chat too."""
    chat = shelf.sessions.create("ann").id
    [*shelf.agent.coordinator.run(chat, "ann", "draw a child in a garden")]
    (child,) = shelf.sessions.turns(chat, "ann")[0].artifacts
    other = shelf.sessions.create("ann").id
    (copy,) = shelf.library.use(child.id, "ann", other).uploads
    shelf.brain._script = iter([edit("make it sexy", copy.id)])
    [*shelf.agent.coordinator.run(other, "ann", "make it sexy")]
    last = shelf.sessions.turns(other, "ann")[-1]
    assert (last.status, last.artifacts) == (TurnStatus.FAILED, ())
    assert "minors" in last.reply


def test_a_picture_is_used_only_in_a_chat_of_ones_own(shelf: Shelf) -> None:
    _, boat, _ = drawn(shelf)
    stranger = shelf.sessions.create("bob").id
    with pytest.raises(SessionNotFound):
        shelf.library.use(boat.id, "ann", stranger)
    assert shelf.sessions.turns(stranger, "bob") == []
