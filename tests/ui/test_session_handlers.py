"""Gestures of the sidebar and among all pictures, for their owner and for a stranger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest

from agent.domain import Artifact
from agent.errors import SessionNotFound, SourceNotFound
from tests.doubles import Agent, build_agent
from tests.ui.callers import OTHER_OWNER, OTHER_TOKEN, OWNER_OF_TOKEN, TOKEN, asked_by
from ui.handlers import Handlers, Page
from ui.library_handlers import LibraryHandlers
from ui.session_handlers import SessionHandlers

MINE, THEIRS = asked_by(TOKEN), asked_by(OTHER_TOKEN)


class Desk:
    """An agent with one chat of ours, and the page's handlers."""

    def __init__(self, folder: Path) -> None:
        self.agent: Agent = build_agent(folder)
        self.owner = OWNER_OF_TOKEN
        page = Handlers(sessions=self.agent.sessions, coordinator=self.agent.coordinator)
        self.chats = SessionHandlers(handlers=page, library=page.library)
        self.pictures = LibraryHandlers(handlers=page, library=page.library)
        self.id = self.chat("a red car")

    def chat(self, text: str, *, is_temporary: bool = False) -> str:
        session = self.agent.sessions.create(self.owner, is_temporary=is_temporary)
        [*self.agent.coordinator.run(session.id, self.owner, text)]
        return session.id

    @property
    def car(self) -> Artifact:
        return self.agent.sessions.turns(self.id, self.owner)[0].artifacts[0]

    def has(self, session_id: str) -> bool:
        return self.agent.sessions.has(session_id, self.owner)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.agent.close()


def wish(picture: str, page: object = 0, *, large: bool = False) -> gr.EventData:
    return gr.EventData(None, {"picture": picture, "page": page, "large": large})


def test_searching_needs_words(desk: Desk) -> None:
    assert desk.chats.search(desk.id, "  ", MINE) == ""
    assert desk.id in desk.chats.search("", "CAR", MINE)
    assert desk.id not in desk.chats.search("", "car", THEIRS)


def test_pinning_goes_to_and_fro(desk: Desk) -> None:
    listed, found = desk.chats.pin(desk.id, "car", MINE)
    assert ">Unpin<" in listed
    assert ">Unpin<" in found
    assert ">Pin<" in desk.chats.pin(desk.id, "", MINE)[0]
    with pytest.raises(SessionNotFound):
        desk.chats.pin(desk.id, "", THEIRS)


def test_a_new_chat_ends_a_temporary_one_and_no_other(desk: Desk) -> None:
    secret = desk.chat("a secret", is_temporary=True)
    for asked, left in ((THEIRS, secret), (MINE, desk.id)):
        desk.chats.new(Page(), left, asked)
        assert desk.has(left)
    shown = desk.chats.new(Page(), secret, MINE)[0]
    assert (shown, desk.has(secret)) == ("", False)
    assert len([*desk.agent.artifacts.folder.rglob("*.png")]) == 1


def test_one_temporary_chat_follows_another(desk: Desk) -> None:
    first = str(desk.chats.temporary(Page(), desk.id, MINE)[0])
    assert desk.chats.mark(first, "", MINE)[0].visible
    second = str(desk.chats.temporary(Page(), first, MINE)[0])
    assert (desk.has(first), desk.has(second), desk.has(desk.id)) == (False, True, True)
    assert not desk.chats.mark(second, "", THEIRS)[0].visible
    assert not desk.chats.mark(desk.id, "", MINE)[0].visible
    assert not desk.chats.mark("", "", MINE)[0].visible


def test_what_was_found_is_marked_anew_and_nothing_is_told_where_nothing_was_looked_for(desk: Desk) -> None:
    assert "selected" in desk.chats.mark(desk.id, "car", MINE)[1]
    assert desk.chats.mark(desk.id, " ", MINE)[1] == gr.skip()


def test_names_are_given_by_the_owner(desk: Desk) -> None:
    assert desk.chats.ask_title(desk.id, MINE)[0] == "a red car"
    assert "My car" in desk.chats.rename(desk.id, "", "My car", MINE)[0]
    for forbidden in (
        lambda: desk.chats.ask_title(desk.id, THEIRS),
        lambda: desk.chats.rename(desk.id, "", "mine", THEIRS),
    ):
        with pytest.raises(SessionNotFound):
            forbidden()


def test_a_stranger_sees_stars_and_takes_no_picture(desk: Desk) -> None:
    assert desk.car.id not in desk.pictures.open(THEIRS)[3]
    for forbidden in (
        lambda: desk.pictures.look(wish(desk.car.id), THEIRS),
        lambda: desk.pictures.star("", False, wish(desk.car.id), THEIRS),
        lambda: desk.pictures.use(Page(), "", wish(desk.car.id), THEIRS),
        lambda: desk.pictures.go(Page(), wish(desk.car.id), THEIRS),
    ):
        with pytest.raises(SourceNotFound):
            forbidden()
    assert not desk.car.is_starred
    assert desk.agent.sessions.list(OTHER_OWNER) == []


def test_a_star_shows_again_what_was_shown(desk: Desk) -> None:
    assert 'class="grid"' in desk.pictures.star("", False, wish(desk.car.id), MINE)
    assert desk.car.is_starred
    assert 'class="large"' in desk.pictures.star("", False, wish(desk.car.id, large=True), MINE)
    assert not desk.car.is_starred


@pytest.mark.parametrize("page", [0, -5, 10**30, "1", None, 2.5, True, [1]])
def test_any_page_that_the_browser_names_is_one(desk: Desk, page: object) -> None:
    assert desk.car.id in desk.pictures.turn("", False, wish("", page), MINE)


@pytest.mark.parametrize("picture", ["", "x", None, ["a"], "../../etc/passwd", "' OR 1=1"])
def test_what_is_no_picture_is_refused(desk: Desk, picture: str) -> None:
    with pytest.raises(SourceNotFound):
        desk.pictures.look(wish(picture), MINE)


def test_a_picture_is_taken_into_the_chat_shown_or_a_new_one(desk: Desk) -> None:
    other = desk.chat("a blue house")
    shown = desk.pictures.use(Page(), other, wish(desk.car.id), asked_by(TOKEN, "zh-CN,zh;q=0.9"))
    turn = desk.agent.sessions.turns(other, desk.owner)[-1]
    assert (shown[0], turn.uploads[0].sha256) == (other, desk.car.sha256)
    assert turn.reply == "#2 已经放到这里。想改什么？"
    stranger = desk.agent.sessions.create("bob").id
    for unknown in ("", "gone", stranger):
        fresh = str(desk.pictures.use(Page(), unknown, wish(desk.car.id), MINE)[0])
        assert fresh not in (unknown, other, desk.id)
    assert desk.agent.sessions.turns(stranger, "bob") == []


def test_a_picture_leads_to_its_chat_and_its_branch(desk: Desk) -> None:
    car, turn = desk.car, desk.agent.sessions.turns(desk.id, desk.owner)[0]
    [*desk.agent.coordinator.edit(turn.id, desk.owner, "a tree")]
    assert desk.pictures.go(Page(), wish(car.id), MINE)[0] == desk.id
    session = desk.agent.sessions.get(desk.id, desk.owner)
    assert (session.tip, session.head) == (turn.id, car.id)
