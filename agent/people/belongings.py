"""All that is somebody's: taken over from a nameless browser, or deleted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import sqlalchemy as sa

from agent.errors import SessionNotFound
from agent.keys import KeyRow, Keys
from agent.people.sign_ins import SignIns
from agent.people.users import Users
from agent.sessions import Sessions
from agent.tables import SessionRow

__all__ = ["adopt", "leave"]


def leave(owner: str, sessions: Sessions, users: Users, delete: Callable[[str, str], None]) -> None:
    """`delete` takes a session's id and its owner and removes rows and files; shared links go with them.

    Nobody can come in as the owner any more when the first chat goes, so none is begun meanwhile.
    """
    SignIns(sessions).end_all(owner)
    Keys(sessions).revoke_all(owner)
    user = users.of_owner(owner)
    if user is not None:
        users.remove(user)
    for chat in sessions.list(owner):
        with suppress(SessionNotFound):
            delete(chat.id, owner)


def adopt(nameless: str, owner: str, sessions: Sessions) -> None:
    """What was made in a browser before anybody signed in there belongs to whoever does so first."""
    with sessions.transaction() as rows:
        for table in (SessionRow, KeyRow):
            rows.execute(sa.update(table).where(table.owner == nameless).values(owner=owner))
