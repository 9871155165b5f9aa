"""Rows found, made and changed within a transaction of the store."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import orm

from agent.domain import Change, Check, Origin, Recipe
from agent.errors import SessionNotFound, SourceNotFound
from agent.sentences import NO_SUCH_PICTURE, Sentence
from agent.tables import ArtifactRow, SessionRow, TurnRow, utc_now

__all__ = [
    "NewPicture",
    "change_turn",
    "delete_sessions",
    "find_artifact",
    "find_session",
    "find_turn",
    "insert_artifact",
    "new_id",
    "require_present",
]


USERS, USER_PREFIX = sa.table("users", sa.column("id")), "user:"
"""As agent.people.users has them, which stands on the store."""
GONE = Sentence("This account was deleted.", "这个账户已经删除了。")


def new_id() -> str:
    """Unguessable: an id is part of what guards a picture."""
    return secrets.token_hex(16)


@dataclass(frozen=True, kw_only=True)
class NewPicture:
    """A picture whose file is on disk and that is about to get its row."""

    sha256: str
    width: int
    height: int
    origin: Origin
    parents: tuple[str, ...] = ()
    recipe: Recipe | None = None
    caption: str = ""
    step: int | None = None
    candidate: int = 1
    letter: str = ""
    check: Check | None = None
    change: Change | None = None
    seconds: float | None = None
    id: str = field(default_factory=new_id)


def require_present(rows: orm.Session, owner: str) -> None:
    """Whoever had a password here and was removed gets nothing any more. Raises SessionNotFound."""
    if not owner.startswith(USER_PREFIX):
        return
    query = sa.select(USERS.c.id).where(USERS.c.id == owner.removeprefix(USER_PREFIX))
    if rows.scalar(query) is None:
        raise SessionNotFound(GONE)


def find_session(rows: orm.Session, session_id: str, owner: str) -> SessionRow:
    """Raises SessionNotFound."""
    query = sa.select(SessionRow).where(SessionRow.id == session_id, SessionRow.owner == owner)
    row = rows.scalar(query.with_for_update())
    if row is None:
        raise SessionNotFound(
            Sentence(
                "This conversation does not exist any more. Please start a new one.",
                "这个对话已经不存在了。请开始一个新的。",
            )
        )
    return row


def find_turn(rows: orm.Session, turn_id: str, owner: str) -> TurnRow:
    """Raises SourceNotFound."""
    query = sa.select(TurnRow).join(SessionRow, SessionRow.id == TurnRow.session_id)
    row = rows.scalar(query.where(TurnRow.id == turn_id, SessionRow.owner == owner))
    if row is None:
        raise SourceNotFound("There is no such message here. Please reload the conversation.")
    return row


def find_artifact(rows: orm.Session, artifact_id: str, owner: str) -> ArtifactRow:
    """Raises SourceNotFound."""
    query = sa.select(ArtifactRow).join(SessionRow, SessionRow.id == ArtifactRow.session_id)
    row = rows.scalar(query.where(ArtifactRow.id == artifact_id, SessionRow.owner == owner))
    if row is None:
        raise SourceNotFound(NO_SUCH_PICTURE)
    return row


def change_turn(rows: orm.Session, turn_id: str, **values: object) -> None:
    """A turn whose session was deleted meanwhile is gone, and so is the change."""
    rows.execute(sa.update(TurnRow).where(TurnRow.id == turn_id).values(**values))


def delete_sessions(rows: orm.Session, session_ids: Sequence[str]) -> None:
    """With all that is theirs."""
    for table in (ArtifactRow, TurnRow):
        rows.execute(sa.delete(table).where(table.session_id.in_(session_ids)))
    rows.execute(sa.delete(SessionRow).where(SessionRow.id.in_(session_ids)))
    rows.flush()


def insert_artifact(rows: orm.Session, session: SessionRow, turn_id: str, picture: NewPicture) -> ArtifactRow:
    row = ArtifactRow(
        id=picture.id,
        session_id=session.id,
        turn_id=turn_id,
        number=number_for(rows, session, turn_id, picture),
        letter=picture.letter,
        sha256=picture.sha256,
        width=picture.width,
        height=picture.height,
        origin=picture.origin.value,
        parents=[*picture.parents],
        recipe=None if picture.recipe is None else picture.recipe.model_dump(mode="json"),
        caption=picture.caption,
        step=picture.step,
        candidate=picture.candidate,
        checked=None if picture.check is None else picture.check.model_dump(mode="json"),
        changed=None if picture.change is None else picture.change.model_dump(mode="json"),
        seconds=picture.seconds,
        created=utc_now(),
    )
    rows.add(row)
    rows.flush()
    return row


def number_for(rows: orm.Session, session: SessionRow, turn_id: str, picture: NewPicture) -> int:
    """The number of the picture's fellow candidates if it has any, else the session's next.

    A mask is no picture that people name: it takes a number below zero.
    """
    if picture.origin is Origin.MASK:
        masks = sa.select(sa.func.min(ArtifactRow.number)).where(ArtifactRow.session_id == session.id)
        return min(rows.scalar(masks) or 0, 0) - 1
    if picture.letter:
        fellows = sa.select(ArtifactRow.number).where(
            ArtifactRow.turn_id == turn_id, ArtifactRow.step == picture.step, ArtifactRow.letter != ""
        )
        number = rows.scalar(fellows.limit(1))
        if number is not None:
            return number
    session.num_artifacts += 1
    return session.num_artifacts
