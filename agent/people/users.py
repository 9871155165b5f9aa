"""People with a name and a password. The store keeps argon2id hashes."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from agent.domain import Value
from agent.errors import PersonRejected, SignInRefused
from agent.rows import new_id
from agent.sessions import Sessions
from agent.tables import Row, utc_now

__all__ = ["LEAST_PASSWORD_CHARACTERS", "MOST_PASSWORD_CHARACTERS", "User", "Users", "folded"]

NAME = re.compile(r"[\w.@+-]{1,60}")
LEAST_PASSWORD_CHARACTERS, MOST_PASSWORD_CHARACTERS = 10, 200
WELL_KNOWN = {
    "changeme",
    "password",
    "passwort",
    "admin",
    "reverie",
    "letmein",
    "qwertyuiop",
    "qwerty",
    "secret",
}
"""Nothing but one of these with digits around it is a password that everybody tries first."""
WRONG = "Name and password do not belong together. Please try again."
AT_ONCE = 2
"""Each check takes 64 MiB and some tens of milliseconds on purpose."""


class UserRow(Row):
    __tablename__ = "users"

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text)
    folded: Mapped[str] = mapped_column(sa.String(200), unique=True)
    password_hash: Mapped[str] = mapped_column(sa.Text)
    is_admin: Mapped[bool] = mapped_column(default=False)
    created: Mapped[datetime] = mapped_column(sa.DateTime)

    def value(self) -> User:
        return User(
            id=self.id, name=self.name, is_admin=self.is_admin, created=self.created.replace(tzinfo=UTC)
        )


class User(Value):
    """A person, without the password."""

    id: str
    name: str
    is_admin: bool
    created: datetime

    @property
    def owner(self) -> str:
        """What is theirs carries this; a new user of the same name is somebody else."""
        return f"user:{self.id}"


class Users:
    """All methods may raise StorageUnavailable."""

    def __init__(self, sessions: Sessions, hasher: PasswordHasher | None = None) -> None:
        self._sessions = sessions
        self._hasher = hasher or PasswordHasher()
        self._at_once = threading.BoundedSemaphore(AT_ONCE)
        self._nobodys_hash = self._hash("nobody has this password")

    def add(self, name: str, password: str, *, is_admin: bool = False) -> User:
        """Raises PersonRejected."""
        name = unicodedata.normalize("NFKC", name).strip()
        if not NAME.fullmatch(name):
            raise PersonRejected("A name has 1 to 60 letters, digits or . _ @ + - and no spaces.")
        require_password(password, name)
        password_hash = self._hash(password)
        with self._sessions.transaction() as rows:
            if find_named(rows, name) is not None:
                raise PersonRejected(f"There is somebody called {name} already. Please choose another name.")
            row = UserRow(
                id=new_id(),
                name=name,
                folded=folded(name),
                password_hash=password_hash,
                is_admin=is_admin,
                created=utc_now(),
            )
            rows.add(row)
            return row.value()

    def list(self) -> Sequence[User]:
        """The first one first."""
        query = sa.select(UserRow).order_by(UserRow.created, UserRow.id)
        with self._sessions.transaction() as rows:
            return [row.value() for row in rows.scalars(query)]

    def named(self, name: str) -> User:
        """Raises PersonRejected."""
        with self._sessions.transaction() as rows:
            row = find_named(rows, name)
            if row is None:
                raise PersonRejected("There is nobody of that name here.")
            return row.value()

    def of_owner(self, owner: str) -> User | None:
        """None for anybody who does not sign in with a password here."""
        with self._sessions.transaction() as rows:
            row = rows.get(UserRow, owner.removeprefix("user:")) if owner.startswith("user:") else None
            return None if row is None else row.value()

    def check(self, name: str, password: str) -> User:
        """Raises SignInRefused, in the same words and the same time whether or not there is such a name."""
        with self._sessions.transaction() as rows:
            row = find_named(rows, name)
        known = row.password_hash if row is not None else self._nobodys_hash
        is_right = self._verify(known, password)
        if row is None or not is_right:
            raise SignInRefused(WRONG)
        if self._hasher.check_needs_rehash(row.password_hash):
            self._keep_password(row.id, password)
        return row.value()

    def set_password(self, user: User, password: str) -> None:
        """Raises PersonRejected."""
        require_password(password, user.name)
        self._keep_password(user.id, password)

    def remove(self, user: User) -> None:
        """The row alone; `agent.people.belongings` takes along all that is theirs."""
        with self._sessions.transaction() as rows:
            rows.execute(sa.delete(UserRow).where(UserRow.id == user.id))

    def _keep_password(self, user_id: str, password: str) -> None:
        password_hash = self._hash(password)
        with self._sessions.transaction() as rows:
            rows.execute(sa.update(UserRow).where(UserRow.id == user_id).values(password_hash=password_hash))

    def _hash(self, password: str) -> str:
        with self._at_once:
            return self._hasher.hash(as_typed(password))

    def _verify(self, password_hash: str, password: str) -> bool:
        with self._at_once:
            try:
                return self._hasher.verify(password_hash, as_typed(password)[:MOST_PASSWORD_CHARACTERS])
            except (VerifyMismatchError, InvalidHashError):
                return False


def find_named(rows: orm.Session, name: str) -> UserRow | None:
    return rows.scalar(sa.select(UserRow).where(UserRow.folded == folded(name)[:200]))


def folded(name: str) -> str:
    """Anna and ANNA are one person."""
    return unicodedata.normalize("NFKC", name).strip().casefold().replace("\0", "")


def as_typed(password: str) -> str:
    """Keyboards write the same letter in different ways."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode("utf-8")


def require_password(password: str, name: str) -> None:
    """Raises PersonRejected."""
    num_characters = len(as_typed(password))
    if not LEAST_PASSWORD_CHARACTERS <= num_characters <= MOST_PASSWORD_CHARACTERS:
        raise PersonRejected(
            f"The password has {num_characters} characters. Please choose one of "
            f"{LEAST_PASSWORD_CHARACTERS} to {MOST_PASSWORD_CHARACTERS}."
        )
    core = password.casefold().strip("0123456789!?._- ")
    if core in {*WELL_KNOWN, "", folded(name)} or len(set(password)) < 4:
        raise PersonRejected("That password is too easy to guess. Please choose another one.")
