"""Who is signed in with which browser. The store keeps hashes: reading it opens nothing."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from agent.domain import Value
from agent.keys import digest
from agent.rows import new_id, require_present
from agent.sessions import Sessions
from agent.tables import Row, utc_now

__all__ = ["SIGN_IN_DAYS", "NewSignIn", "SignIn", "SignIns"]

SIGN_IN_DAYS = 30
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class SignInRow(Row):
    __tablename__ = "sign_ins"

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(sa.String(200), index=True)
    name: Mapped[str] = mapped_column(sa.Text)
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created: Mapped[datetime] = mapped_column(sa.DateTime)
    expires: Mapped[datetime] = mapped_column(sa.DateTime, index=True)

    def value(self) -> SignIn:
        return SignIn(id=self.id, owner=self.owner, name=self.name)


class SignIn(Value):
    """One browser of an owner, who goes by `name`."""

    id: str
    owner: str
    name: str


class NewSignIn(Value):
    """The token is told once, to the browser."""

    sign_in: SignIn
    token: str


class SignIns:
    """All methods may raise StorageUnavailable."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def open(self, owner: str, name: str) -> NewSignIn:
        """256 random bits, so a plain hash hides them. Those that are over are forgotten.

        Raises SessionNotFound for somebody who was removed.
        """
        token, now = secrets.token_urlsafe(32), utc_now()
        row = SignInRow(
            id=new_id(),
            owner=owner,
            name=name,
            sha256=digest(token),
            created=now,
            expires=now + timedelta(days=SIGN_IN_DAYS),
        )
        with self._sessions.transaction() as rows:
            require_present(rows, owner)
            rows.execute(sa.delete(SignInRow).where(SignInRow.expires <= now))
            rows.add(row)
        return NewSignIn(sign_in=row.value(), token=token)

    def find(self, token: str) -> SignIn | None:
        """Whose browser this is; None for any other text."""
        if not TOKEN.fullmatch(token):
            return None
        query = sa.select(SignInRow).where(SignInRow.sha256 == digest(token), SignInRow.expires > utc_now())
        with self._sessions.transaction() as rows:
            row = rows.scalar(query)
            return None if row is None else row.value()

    def has(self, sign_in_id: str) -> bool:
        """It has not ended."""
        query = sa.select(SignInRow.id).where(SignInRow.id == sign_in_id, SignInRow.expires > utc_now())
        with self._sessions.transaction() as rows:
            return rows.scalar(query) is not None

    def any_of(self, owner: str) -> bool:
        """Somebody is signed in as this owner."""
        query = sa.select(SignInRow.id).where(SignInRow.owner == owner, SignInRow.expires > utc_now())
        with self._sessions.transaction() as rows:
            return rows.scalar(query.limit(1)) is not None

    def end(self, sign_in_id: str) -> None:
        """From now on its token opens nothing."""
        with self._sessions.transaction() as rows:
            rows.execute(sa.delete(SignInRow).where(SignInRow.id == sign_in_id))

    def end_all(self, owner: str, but: str = "") -> None:
        """All of an owner, but for one."""
        query = sa.delete(SignInRow).where(SignInRow.owner == owner, SignInRow.id != but)
        with self._sessions.transaction() as rows:
            rows.execute(query)
