"""A store on either database, and hashes that cost next to nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from agent.people.users import Users
from agent.sessions import Sessions

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def sessions(store_url: str) -> Iterator[Sessions]:
    sessions = Sessions(store_url)
    yield sessions
    sessions.close()


@pytest.fixture
def users(sessions: Sessions) -> Users:
    return Users(sessions, CHEAP)
