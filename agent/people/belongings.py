"""All that is somebody's: taken over from a nameless browser, or deleted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy import orm

from agent.errors import SessionNotFound
from agent.keys import KeyRow, Keys
from agent.people.sign_ins import SignInRow, SignIns
from agent.people.users import UserRow, Users
from agent.rows import USER_PREFIX, delete_sessions
from agent.sessions import Sessions
from agent.tables import SessionRow

__all__ = ["adopt", "drop_departed", "leave"]


def leave(
    owner: str,
    sessions: Sessions,
    users: Users,
    delete: Callable[[str, str], None],
    forget_uploads: Callable[[str], None] = lambda owner: None,
) -> None:
    """`delete` takes a session's id and its owner and removes rows and files; shared links go with them.

    Nobody can come in as the owner any more when the first chat goes, and what was begun before is not kept.
    """
    sessions.departures[owner] += 1
    SignIns(sessions).end_all(owner)
    Keys(sessions).revoke_all(owner)
    user = users.of_owner(owner)
    if user is not None:
        users.remove(user)
    forget_uploads(owner)
    for chat in sessions.list(owner):
        with suppress(SessionNotFound):
            delete(chat.id, owner)
    sessions.empty_log()


def drop_departed(sessions: Sessions) -> int:
    """At start-up, before files are swept: what a departure that was cut short has left.

    Returns how many chats. Only those who had a password here are known to be gone: others may come back.
    """

    def is_gone(owner: orm.InstrumentedAttribute[str]) -> sa.ColumnElement[bool]:
        user_id = sa.func.substr(owner, len(USER_PREFIX) + 1)
        return owner.startswith(USER_PREFIX) & ~sa.exists().where(UserRow.id == user_id)

    with sessions.transaction() as rows:
        for table in (KeyRow, SignInRow):
            rows.execute(
                sa.delete(table).where(is_gone(table.owner)).execution_options(synchronize_session=False)
            )
        found = rows.scalars(sa.select(SessionRow.id).where(is_gone(SessionRow.owner))).all()
        delete_sessions(rows, found)
    if found:
        sessions.empty_log()
    return len(found)


def adopt(nameless: str, owner: str, sessions: Sessions) -> None:
    """What was made in a browser before anybody signed in there belongs to whoever does so first.

    Its keys are withdrawn: a program that somebody else has set up there does not speak for a new person.
    """
    with sessions.transaction() as rows:
        rows.execute(sa.update(SessionRow).where(SessionRow.owner == nameless).values(owner=owner))
        rows.execute(sa.delete(KeyRow).where(KeyRow.owner == nameless))
