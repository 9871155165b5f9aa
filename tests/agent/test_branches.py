"""A session as a tree of turns, in the store and through the coordinator."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image

from agent.branches import newest_leaf, path_to, siblings_of
from agent.domain import Decision, PictureOptions, Quality, Route, TurnStatus
from agent.errors import SessionNotFound, SourceNotFound
from agent.events import TurnDone, TurnFailed
from agent.sessions import Sessions
from tests.doubles import Agent, ScriptedBrain, build_agent, draw

TREE = {"a": None, "b": "a", "c": "a", "d": "b", "e": None, "f": "c"}


@pytest.mark.parametrize(("turn", "path"), [("a", "a"), ("d", "abd"), ("f", "acf"), ("e", "e"), (None, "")])
def test_the_path_leads_from_the_root(turn: str | None, path: str) -> None:
    assert "".join(path_to(TREE, turn)) == path


def test_the_path_of_a_turn_that_follows_nothing_known_ends() -> None:
    assert path_to({"a": "gone", "b": "a"}, "b") == ["a", "b"]
    assert path_to({"a": "b", "b": "a"}, "b") == ["a", "b"], "a damaged circle is walked once"


@pytest.mark.parametrize(("turn", "leaf"), [("a", "f"), ("b", "d"), ("d", "d"), ("c", "f"), ("e", "e")])
def test_the_newest_end_is_found(turn: str, leaf: str) -> None:
    assert newest_leaf(TREE, turn) == leaf


def test_first_turns_are_siblings_too() -> None:
    assert siblings_of(TREE, "c") == ["b", "c"]
    assert siblings_of(TREE, "e") == ["a", "e"]
    assert siblings_of(TREE, "d") == ["d"]


@pytest.fixture
def sessions(store_url: str) -> Iterator[Sessions]:
    store = Sessions(store_url)
    yield store
    store.close()


def told(sessions: Sessions, session_id: str) -> list[str]:
    return [turn.text for turn in sessions.turns(session_id, "ann")]


def test_a_branch_is_opened_shown_and_left_again(sessions: Sessions) -> None:
    session = sessions.create("ann")

    def say(text: str, **place: str | None) -> str:
        return sessions.open_turn(session.id, "ann", text, PictureOptions(), **place).id  # type: ignore[arg-type]

    one, two, three = say("one"), say("two"), say("three")
    assert told(sessions, session.id) == ["one", "two", "three"]
    other = say("other two", after=one)
    assert told(sessions, session.id) == ["one", "other two"]
    say("more")
    assert told(sessions, session.id) == ["one", "other two", "more"]
    assert sessions.siblings(two, "ann") == [two, other]
    assert sessions.siblings(three, "ann") == [three]
    assert sessions.conversation(session.id, "ann").forks == {two: [two, other], other: [two, other]}
    assert sessions.show_branch(two, "ann").tip == three
    assert told(sessions, session.id) == ["one", "two", "three"]
    assert [turn.text for turn in sessions.path(other, "ann")] == ["one", "other two"]
    first = say("begin again", after=None)
    assert told(sessions, session.id) == ["begin again"]
    assert sessions.siblings(first, "ann") == [one, first]
    assert [turn.text for turn in sessions.all_turns(session.id, "ann")] == (
        ["one", "two", "three", "other two", "more", "begin again"]
    )


def test_branches_are_their_owners_and_stay_in_their_session(sessions: Sessions) -> None:
    session, other = sessions.create("ann"), sessions.create("ann")
    turn = sessions.open_turn(session.id, "ann", "one", PictureOptions())
    for forbidden in (
        lambda: sessions.siblings(turn.id, "bob"),
        lambda: sessions.show_branch(turn.id, "bob"),
        lambda: sessions.path(turn.id, "bob"),
        lambda: sessions.open_turn(other.id, "ann", "two", PictureOptions(), after=turn.id),
    ):
        with pytest.raises(SourceNotFound):
            forbidden()
    for hidden in (sessions.all_turns, sessions.conversation):
        with pytest.raises(SessionNotFound):
            hidden(session.id, "bob")
    assert sessions.all_turns(other.id, "ann") == [], "a refused turn leaves nothing"


class Chat:
    """One session of an agent whose brain follows a script."""

    def __init__(self, folder: Path, url: str, *script: Decision) -> None:
        self.brain = ScriptedBrain(*script)
        self.agent: Agent = build_agent(folder, brain=self.brain, url=url)
        self.id = self.agent.sessions.create("ann").id

    def say(self, text: str, *files: bytes) -> str:
        """Returns the turn's id."""
        *_, last = self.agent.coordinator.run(self.id, "ann", text, files)
        assert isinstance(last, TurnDone)
        return last.turn_id

    def edit(self, turn_id: str, text: str, *files: bytes) -> str:
        *_, last = self.agent.coordinator.edit(turn_id, "ann", text, files or None)
        assert isinstance(last, TurnDone)
        return last.turn_id

    @property
    def head(self) -> str | None:
        return self.agent.sessions.get(self.id, "ann").head


Begin = Callable[..., Chat]


@pytest.fixture
def begin(tmp_path: Path, store_url: str) -> Iterator[Begin]:
    """Makes a chat whose brain decides as given; it is closed after the test."""
    with ExitStack() as stack:

        def make(*script: Decision) -> Chat:
            chat = Chat(tmp_path, store_url, *script)
            stack.callback(chat.agent.close)
            return chat

        yield make


def test_an_edited_message_knows_only_what_came_before_it(begin: Begin) -> None:
    chat = begin()
    chat.say("draw a red car")
    second = chat.say("draw a blue house")
    (car,) = chat.agent.sessions.turns(chat.id, "ann")[0].artifacts
    chat.say("draw a tree")
    other = chat.edit(second, "draw a green house")
    context = chat.brain.contexts[-1]
    assert [line.text for line in context.history] == ["draw a red car", "Here is #1."]
    assert (context.message, context.current) == ("draw a green house", car.id)
    assert [picture.number for picture in context.pictures] == [1]
    assert told(chat.agent.sessions, chat.id) == ["draw a red car", "draw a green house"]
    (made,) = chat.agent.sessions.turn(other, "ann").artifacts
    assert (made.handle, chat.head) == ("#4", made.id)


def test_an_edited_message_keeps_its_files_and_options_unless_others_are_given(begin: Begin) -> None:
    chat = begin()
    options = PictureOptions(quality=Quality.FULL, seed=7)
    [*chat.agent.coordinator.run(chat.id, "ann", "draw it", [a_png("red")], options)]
    (first,) = chat.agent.sessions.turns(chat.id, "ann")
    chat.edit(first.id, "draw it better")
    (second,) = chat.agent.sessions.turns(chat.id, "ann")
    assert [upload.sha256 for upload in second.uploads] == [first.uploads[0].sha256]
    assert (second.options, second.parent) == (options, None)
    chat.edit(second.id, "draw this one", a_png("blue"))
    (third,) = chat.agent.sessions.turns(chat.id, "ann")
    assert third.uploads[0].sha256 != first.uploads[0].sha256
    assert len(chat.agent.sessions.siblings(third.id, "ann")) == 3


def test_a_branch_shows_what_was_looked_at_at_its_end(begin: Begin) -> None:
    ask = Decision(route=Route.ASK)
    chat = begin(draw("a car"), draw("a house"), ask, draw("a tree"))
    chat.say("draw a car")
    second = chat.say("draw a house")
    house = chat.head
    chat.say("make it blue")
    chat.edit(second, "draw a tree")
    assert chat.head != house
    assert chat.agent.sessions.show_branch(second, "ann").head == house


def test_an_edit_that_is_refused_leaves_the_branch_shown(begin: Begin) -> None:
    chat = begin()
    first = chat.say("draw a car")
    head = chat.head
    (event,) = chat.agent.coordinator.edit(first, "ann", "x" * 5_000)
    assert isinstance(event, TurnFailed)
    assert (told(chat.agent.sessions, chat.id), chat.head) == (["draw a car"], head)
    with pytest.raises(SourceNotFound):
        chat.agent.coordinator.edit(first, "bob", "draw a dog")


def test_a_stopped_turn_of_another_branch_is_taken_up_with_its_own_past(begin: Begin) -> None:
    chat = begin()
    first = chat.say("draw a car")
    stopped = chat.agent.sessions.open_turn(chat.id, "ann", "draw a dog", PictureOptions())
    chat.agent.sessions.close_turn(stopped.id, TurnStatus.STOPPED, "Stopped.")
    chat.edit(first, "draw a tree")
    [*chat.agent.coordinator.retry(stopped.id, "ann")]
    assert [line.text for line in chat.brain.contexts[-1].history] == ["draw a car", "Here is #1."]


def test_delete_covers_all_branches(begin: Begin) -> None:
    chat = begin()
    first = chat.say("draw a car")
    chat.edit(first, "draw a tree")
    assert len([*chat.agent.artifacts.folder.glob("*/*.png")]) == 2
    chat.agent.coordinator.delete(chat.id, "ann")
    assert [*chat.agent.artifacts.folder.glob("*/*.png")] == []


def a_png(color: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(file, "PNG")
    return file.getvalue()
