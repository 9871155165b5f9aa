"""The store's tests run on every database that it may stand on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgresql import PostgreSQL

BACKENDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    yield server
    server.close()


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """A database with the tables and nothing in them."""
    url = postgresql.create()
    yield url
    postgresql.drop(url)


@pytest.fixture(params=BACKENDS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store on SQLite, then one on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/reverie.db"
    return str(request.getfixturevalue("postgresql_url"))
