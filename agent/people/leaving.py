"""Deleting somebody: what opens doors first, then all that is theirs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from agent.errors import SessionNotFound
from agent.keys import Keys
from agent.people.sign_ins import SignIns
from agent.people.users import Users
from agent.sessions import Sessions

__all__ = ["leave"]


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
