"""The lock on a server's database: lost with its connection, taken again; refused while another has it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from agent import server_lock
from agent.database import open_database
from agent.errors import StorageUnavailable
from agent.meter import Meter
from agent.server_lock import NUMBER
from agent.sessions import Sessions
from ui.doors.health import Health

pytestmark = pytest.mark.postgresql


class Admin:
    """Who ends connections from outside, as a restart of the server does."""

    def __init__(self, url: str) -> None:
        engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        self.connection = engine.connect()

    def holders(self) -> list[int]:
        query = (
            "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
            f"WHERE locktype = 'advisory' AND datname = current_database() AND objid = {NUMBER % 2**32}"
        )
        return [*self.connection.exec_driver_sql(query).scalars()]

    def end(self, pid: int) -> None:
        self.connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 2000)")


@pytest.fixture
def admin(postgresql_url: str) -> Iterator[Admin]:
    admin = Admin(postgresql_url)
    yield admin
    admin.connection.close()


@pytest.fixture
def sessions(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sessions]:
    monkeypatch.setattr(server_lock, "WATCH_SECONDS", 3600.0)
    sessions = Sessions(postgresql_url)
    yield sessions
    sessions.close()


def readiness(sessions: Sessions, folder: Path) -> str:
    meter = Meter(queue_length=lambda: 0, engine_restarts=lambda: 0)
    return Health(sessions=sessions, data_folder=folder, engine=lambda: "loaded", meter=meter).database()


def test_it_is_taken_again_by_the_next_transaction(
    sessions: Sessions, admin: Admin, postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    (first,) = admin.holders()
    admin.end(first)
    assert admin.holders() == []
    sessions.create("ann")
    (second,) = admin.holders()
    assert second != first
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    with pytest.raises(StorageUnavailable, match="in use by another Reverie"):
        open_database(postgresql_url)


def test_while_another_has_it_nothing_is_read_or_written(
    sessions: Sessions, admin: Admin, postgresql_url: str, tmp_path: Path
) -> None:
    sessions.create("ann")
    assert readiness(sessions, tmp_path) == "ok"
    admin.end(admin.holders()[0])
    other = Sessions(postgresql_url)
    for act in (lambda: sessions.create("ann"), lambda: sessions.list("ann")):
        with pytest.raises(StorageUnavailable, match="in use by another Reverie"):
            act()
    assert readiness(sessions, tmp_path) == "unavailable"
    assert len(other.list("ann")) == 1
    other.close()
    assert readiness(sessions, tmp_path) == "ok"
    assert len(sessions.list("ann")) == 1


def wait_for(condition: Callable[[], bool]) -> None:
    """The server notes only after a while that a connection is closed."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_is_taken_again_where_nobody_asks_for_anything(
    admin: Admin, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_lock, "WATCH_SECONDS", 0.05)
    sessions = Sessions(postgresql_url)
    (first,) = admin.holders()
    admin.end(first)
    wait_for(lambda: admin.holders() != [])
    sessions.close()
    wait_for(lambda: admin.holders() == [])
    time.sleep(0.2)
    assert admin.holders() == [], "who has closed it leaves it to others"


def test_a_server_that_is_gone_without_a_word_is_noticed(sessions: Sessions, postgresql_url: str) -> None:
    options = sessions._engine.url.query
    assert (options["connect_timeout"], options["keepalives_idle"]) == ("10", "30")
    sessions.close()
    own = Sessions(f"{postgresql_url}&connect_timeout=3")
    assert own._engine.url.query["connect_timeout"] == "3"
    own.close()
