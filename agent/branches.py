"""A session as a tree of turns: the way from its root to a turn, and what grows beside and below it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import orm

from agent.domain import Route, Session, Turn
from agent.errors import SourceNotFound
from agent.tables import SessionRow, TurnRow

__all__ = [
    "TIP",
    "Conversation",
    "begin_branch",
    "forks_of",
    "looked_at",
    "newest_leaf",
    "parents_of",
    "path_to",
    "siblings_of",
    "turns_of",
    "turns_on",
]

TIP = "tip"
"""In place of a turn's id: the turn that is shown last."""

Parents = Mapping[str, str | None]
"""The parent of each turn of a session, the earliest turn first."""


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A session, its branch that is shown, and where others leave it (as `forks_of` tells)."""

    session: Session
    turns: Sequence[Turn]
    forks: Mapping[str, Sequence[str]] = field(default_factory=dict)


def parents_of(rows: orm.Session, session_id: str) -> Parents:
    query = sa.select(TurnRow.id, TurnRow.parent).where(TurnRow.session_id == session_id)
    return {turn_id: parent for turn_id, parent in rows.execute(query.order_by(TurnRow.position))}


def path_to(parents: Parents, turn_id: str | None) -> Sequence[str]:
    """The turns from the root to this one; each turn has one parent that is older than it."""
    path: list[str] = []
    while turn_id is not None and turn_id in parents and turn_id not in path:
        path.append(turn_id)
        turn_id = parents[turn_id]
    return path[::-1]


def newest_leaf(parents: Parents, turn_id: str) -> str:
    """Of all turns at or below this one, the latest that nothing follows: the latest of all."""
    below = {turn_id}
    newest = turn_id
    for each, parent in parents.items():
        if parent in below:
            below.add(each)
            newest = each
    return newest


def siblings_of(parents: Parents, turn_id: str) -> Sequence[str]:
    """The turns with the same parent, this one included, the earliest first."""
    return [each for each, parent in parents.items() if parent == parents[turn_id]]


def forks_of(parents: Parents) -> Mapping[str, Sequence[str]]:
    """Of every turn that has any: its siblings, itself included, the earliest first."""
    families = defaultdict[str | None, list[str]](list)
    for turn_id, parent in parents.items():
        families[parent].append(turn_id)
    return {each: family for family in families.values() if len(family) > 1 for each in family}


def turns_of(rows: orm.Session, session_id: str, last: str | None) -> Sequence[Turn]:
    """The turns from the root to `last`, with their pictures."""
    return turns_on(rows, path_to(parents_of(rows, session_id), last))


def turns_on(rows: orm.Session, path: Sequence[str]) -> Sequence[Turn]:
    query = sa.select(TurnRow).where(TurnRow.id.in_(path)).order_by(TurnRow.position)
    return [row.value() for row in rows.scalars(query.options(orm.selectinload(TurnRow.artifacts)))]


def looked_at(turns: Sequence[Turn]) -> str | None:
    """The picture that was looked at after these turns."""
    for turn in reversed(turns):
        is_question = turn.decision is not None and turn.decision.route is Route.ASK
        if turn.shown and not is_question:
            return turn.shown[-1]
        if turn.uploads:
            return turn.uploads[-1].id
    return None


def begin_branch(rows: orm.Session, session: SessionRow, after: str | None) -> None:
    """The next turn follows `after` (None: it is a first one). Raises SourceNotFound."""
    if after == TIP:
        return
    if after is not None:
        place = sa.select(TurnRow.id).where(TurnRow.id == after, TurnRow.session_id == session.id)
        if rows.scalar(place) is None:
            raise SourceNotFound("There is no such message here. Please reload the conversation.")
    session.tip = after
    session.head = looked_at(turns_of(rows, session.id, after))
