"""Keys with which programs speak for an owner. The store keeps hashes: reading it opens nothing."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from agent.domain import Value
from agent.errors import SourceNotFound, StorageUnavailable
from agent.messages import clean_text
from agent.rows import new_id, require_present
from agent.sessions import Sessions
from agent.tables import Row, utc_now
from agent.terminal.key import KEY_FILE

__all__ = ["Key", "KeyRow", "Keys", "NewKey", "digest", "keep_terminal_key"]

PREFIX = "rv-"
TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
MOST_NAME_CHARACTERS = 60
TERMINAL = "terminal"
"""The owner of what is made from this machine's terminal: no cookie and no other key can have this name."""
SELDOM = timedelta(minutes=1)
"""How exactly it is kept when a key was used last: a write for every request would be too many."""


class KeyRow(Row):
    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(sa.String(200), index=True)
    name: Mapped[str] = mapped_column(sa.Text)
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created: Mapped[datetime] = mapped_column(sa.DateTime)
    used: Mapped[datetime | None] = mapped_column(sa.DateTime)

    def value(self) -> Key:
        used = None if self.used is None else self.used.replace(tzinfo=UTC)
        return Key(
            id=self.id, owner=self.owner, name=self.name, created=self.created.replace(tzinfo=UTC), used=used
        )


class Key(Value):
    """A program's key, without the token itself. `name` says whose it is: "Open WebUI"."""

    id: str
    owner: str
    name: str
    created: datetime
    used: datetime | None = None


class NewKey(Value):
    """A key just made; `token` is shown this once."""

    key: Key
    token: str


class Keys:
    """The keys of all owners. All methods may raise StorageUnavailable."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def create(self, owner: str, name: str) -> NewKey:
        """256 random bits, so a plain hash hides them. Raises SessionNotFound for who was removed."""
        token = PREFIX + secrets.token_urlsafe(32)
        row = KeyRow(
            id=new_id(),
            owner=owner,
            name=" ".join(clean_text(name).split())[:MOST_NAME_CHARACTERS] or "Program",
            sha256=digest(token),
            created=utc_now(),
            used=None,
        )
        with self._sessions.transaction() as rows:
            require_present(rows, owner)
            rows.add(row)
        return NewKey(key=row.value(), token=token)

    def list(self, owner: str) -> Sequence[Key]:
        """The newest first."""
        query = sa.select(KeyRow).where(KeyRow.owner == owner).order_by(KeyRow.created.desc(), KeyRow.id)
        with self._sessions.transaction() as rows:
            return [row.value() for row in rows.scalars(query)]

    def find(self, token: str) -> Key | None:
        """Whose key this is; None for any other text."""
        if not TOKEN.fullmatch(token):
            return None
        with self._sessions.transaction() as rows:
            row = rows.scalar(sa.select(KeyRow).where(KeyRow.sha256 == digest(token)))
            if row is None:
                return None
            now = utc_now()
            if row.used is None or now - row.used > SELDOM:
                row.used = now
            return row.value()

    def revoke(self, key_id: str, owner: str) -> None:
        """From now on the key opens nothing. Raises SourceNotFound."""
        with self._sessions.transaction() as rows:
            row = rows.scalar(sa.select(KeyRow).where(KeyRow.id == key_id, KeyRow.owner == owner))
            if row is None:
                raise SourceNotFound("There is no such key here.")
            rows.delete(row)

    def revoke_all(self, owner: str) -> None:
        """Every key of an owner."""
        with self._sessions.transaction() as rows:
            rows.execute(sa.delete(KeyRow).where(KeyRow.owner == owner))


def keep_terminal_key(keys: Keys, data_folder: Path) -> None:
    """The terminal's key in a file that only this user can read: made once, and again if the file is lost.

    Raises StorageUnavailable.
    """
    file = data_folder / KEY_FILE
    try:
        found = keys.find(file.read_text("ascii", "replace").strip()) if file.exists() else None
        if found is not None and found.owner == TERMINAL:
            file.chmod(0o600)
            return
        for lost in keys.list(TERMINAL):
            keys.revoke(lost.id, TERMINAL)
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(keys.create(TERMINAL, "Terminal").token + "\n")
    except OSError as error:
        raise StorageUnavailable(f"The terminal's key {file} cannot be kept: {error}.") from error


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
