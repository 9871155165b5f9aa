"""Pictures as versions of one another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.domain import Artifact, Origin, PictureOptions
from agent.errors import SessionNotFound, SourceNotFound
from agent.sessions import TIP, NewPicture, Sessions
from agent.versions import Versions


class Easel:
    """A session in which each turn makes one picture, from an earlier one or from nothing."""

    def __init__(self, url: str) -> None:
        self.sessions = Sessions(url)
        self.versions = Versions(self.sessions)
        self.id = self.sessions.create("ann").id

    def make(self, source: Artifact | None = None, after: str | None = TIP) -> Artifact:
        turn = self.sessions.open_turn(self.id, "ann", "draw", PictureOptions(), after=after)
        parents = () if source is None else (source.id,)
        picture = NewPicture(
            sha256="a" * 64, width=8, height=8, origin=Origin.EDITED, parents=parents, step=0
        )
        made = self.sessions.add_artifact(turn.id, picture)
        self.sessions.set_head(self.id, made.id)
        return made

    @property
    def head(self) -> str | None:
        return self.sessions.get(self.id, "ann").head

    @property
    def tip(self) -> str | None:
        return self.sessions.get(self.id, "ann").tip


@pytest.fixture
def easel(store_url: str) -> Iterator[Easel]:
    easel = Easel(store_url)
    yield easel
    easel.sessions.close()


def test_undo_and_redo_walk_along_the_edits(easel: Easel) -> None:
    first = easel.make()
    second = easel.make(first)
    third = easel.make(second)
    assert [easel.versions.undo(easel.id, "ann") for _ in range(2)] == [second, first]
    assert easel.head == first.id
    with pytest.raises(SourceNotFound, match="nothing to undo"):
        easel.versions.undo(easel.id, "ann")
    assert [easel.versions.redo(easel.id, "ann") for _ in range(2)] == [second, third]
    with pytest.raises(SourceNotFound, match="nothing to redo"):
        easel.versions.redo(easel.id, "ann")
    assert easel.head == third.id


def test_nothing_can_be_undone_in_an_empty_session(easel: Easel) -> None:
    with pytest.raises(SourceNotFound):
        easel.versions.undo(easel.id, "ann")
    with pytest.raises(SourceNotFound):
        easel.versions.redo(easel.id, "ann")


def test_redo_takes_the_newest_child_of_the_branch_that_is_shown(easel: Easel) -> None:
    first = easel.make()
    older, newer = easel.make(first), easel.make(first)
    easel.versions.go_to(first.id, "ann")
    assert easel.versions.redo(easel.id, "ann") == newer
    elsewhere = easel.make(first, after=first.turn_id)
    easel.sessions.show_branch(older.turn_id, "ann")
    easel.versions.go_to(first.id, "ann")
    assert easel.versions.redo(easel.id, "ann") == newer
    assert newer.number < elsewhere.number


def test_going_to_a_picture_of_another_branch_shows_that_branch(easel: Easel) -> None:
    first = easel.make()
    second = easel.make(first)
    other = easel.make(first, after=first.turn_id)
    assert easel.tip == other.turn_id
    easel.versions.go_to(second.id, "ann")
    assert (easel.tip, easel.head) == (second.turn_id, second.id)
    easel.versions.go_to(first.id, "ann")
    assert (easel.tip, easel.head) == (second.turn_id, first.id), "the shown branch has it: it stays"
    assert [each.id for each in easel.versions.tree(easel.id, "ann")] == [first.id, second.id, other.id]


def test_a_branch_begins_at_any_picture(easel: Easel) -> None:
    first = easel.make()
    second = easel.make(first)
    session = easel.versions.branch_from(first.id, "ann")
    assert (session.tip, session.head) == (first.turn_id, first.id)
    third = easel.make(first)
    assert easel.sessions.siblings(third.turn_id, "ann") == [second.turn_id, third.turn_id]


def test_versions_are_their_owners(easel: Easel) -> None:
    first = easel.make()
    easel.make(first)
    for forbidden in (easel.versions.undo, easel.versions.redo, easel.versions.tree):
        with pytest.raises(SessionNotFound):
            forbidden(easel.id, "bob")
    for hidden in (easel.versions.go_to, easel.versions.branch_from):
        with pytest.raises(SourceNotFound):
            hidden(first.id, "bob")
