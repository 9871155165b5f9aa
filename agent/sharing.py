"""Read-only links to a chat as it stood, for whoever has the link, until it is withdrawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from agent.domain import Artifact, Turn, Value
from agent.errors import SessionNotFound, SourceNotFound
from agent.rows import find_session, new_id
from agent.sessions import Sessions
from agent.tables import Row, SessionRow, utc_now

__all__ = ["Share", "SharedChat", "SharedPicture", "Shares"]

ID = re.compile(r"[0-9a-f]{32}")


class ShareRow(Row):
    __tablename__ = "shares"

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    session_id: Mapped[str] = mapped_column(sa.ForeignKey("sessions.id", ondelete="CASCADE"), unique=True)
    tip: Mapped[str] = mapped_column(sa.String(32))
    has_recipes: Mapped[bool] = mapped_column(default=False)
    created: Mapped[datetime] = mapped_column(sa.DateTime)

    def value(self) -> Share:
        return Share(
            id=self.id,
            session_id=self.session_id,
            tip=self.tip,
            has_recipes=self.has_recipes,
            created=self.created.replace(tzinfo=UTC),
        )


class Share(Value):
    """The link's id, and the turn up to which it shows. `has_recipes`: picture files say what made them."""

    id: str
    session_id: str
    tip: str
    has_recipes: bool
    created: datetime


class SharedChat(Value):
    """What whoever has the link sees."""

    share: Share
    owner: str
    title: str
    turns: tuple[Turn, ...]

    @property
    def pictures(self) -> Sequence[Artifact]:
        """Masks are not among them."""
        return [each for turn in self.turns for each in (*turn.uploads, *turn.artifacts)]


class SharedPicture(Value):
    """A picture as somebody with the link asks for it."""

    share: Share
    owner: str
    picture: Artifact


class Shares:
    """All methods may raise StorageUnavailable."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def share(self, session_id: str, owner: str, *, has_recipes: bool = False) -> Share:
        """The chat as it stands now; a link that there is shows this from now on. Raises SessionNotFound."""
        with self._sessions.transaction() as rows:
            session = find_session(rows, session_id, owner)
            if session.tip is None:
                raise SessionNotFound("There is nothing in this chat yet that could be shared.")
            row = find_share(rows, session_id)
            if row is None:
                row = ShareRow(id=new_id(), session_id=session_id)
                rows.add(row)
            row.tip, row.has_recipes, row.created = session.tip, has_recipes, utc_now()
            return row.value()

    def of(self, session_id: str, owner: str) -> Share | None:
        """Raises SessionNotFound."""
        with self._sessions.transaction() as rows:
            find_session(rows, session_id, owner)
            row = find_share(rows, session_id)
            return None if row is None else row.value()

    def withdraw(self, session_id: str, owner: str) -> None:
        """From now on the link shows nothing. Raises SessionNotFound."""
        with self._sessions.transaction() as rows:
            find_session(rows, session_id, owner)
            rows.execute(sa.delete(ShareRow).where(ShareRow.session_id == session_id))

    def open(self, share_id: str) -> SharedChat:
        """For anybody who has the link. Raises SourceNotFound."""
        if not ID.fullmatch(share_id):
            raise gone()
        with self._sessions.transaction() as rows:
            row = rows.get(ShareRow, share_id)
            if row is None:
                raise gone()
            session = rows.get_one(SessionRow, row.session_id)
            share, owner, title = row.value(), session.owner, session.title
        turns = tuple(self._sessions.path(share.tip, owner))
        return SharedChat(share=share, owner=owner, title=title, turns=turns)

    def picture(self, share_id: str, artifact_id: str) -> SharedPicture:
        """One of those that the link shows. Raises SourceNotFound."""
        chat = self.open(share_id)
        found = next((each for each in chat.pictures if each.id == artifact_id), None)
        if found is None:
            raise gone()
        return SharedPicture(share=chat.share, owner=chat.owner, picture=found)


def find_share(rows: orm.Session, session_id: str) -> ShareRow | None:
    return rows.scalar(sa.select(ShareRow).where(ShareRow.session_id == session_id))


def gone() -> SourceNotFound:
    return SourceNotFound("There is nothing under this link, or not any more.")
