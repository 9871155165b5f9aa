"""One Reverie on a database server's database: an advisory lock, and a look at it before each transaction."""

from __future__ import annotations

import logging
import selectors
import threading
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from agent.errors import StorageUnavailable

__all__ = ["ServerLock"]

NUMBER = int.from_bytes(b"Reverie")
"""Of the advisory lock on PostgreSQL; such locks are apart by database."""
WATCH_SECONDS = 2.0
log = logging.getLogger(__name__)


class ServerLock:
    """Held as long as a connection of its own: a second Reverie would take turns running here for cut off.

    Whoever ends that connection, or the server with it, gives the lock away. It is taken again, soon even
    where nobody asks for anything; while another has it, nothing is read or written here.
    """

    def __init__(self, url: sa.URL) -> None:
        """Raises StorageUnavailable when another Reverie has it, and DBAPIError."""
        self._name = url.database
        self._engine = sa.create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._connection: sa.Connection | None = None
        self._lock = threading.Lock()
        self._is_closed = threading.Event()
        self._take()
        threading.Thread(target=self._watch, name="server lock", daemon=True).start()

    def require(self) -> None:
        """Raises StorageUnavailable when it is lost, and cannot be taken again."""
        with self._lock:
            if self._connection is not None and not has_ended(self._connection):
                return
            if self._is_closed.is_set():
                raise StorageUnavailable("The database is closed already.")
            if self._connection is not None:
                log.warning("the connection that keeps others out of the database %s was lost", self._name)
                self._let_go()
            try:
                self._take()
            except sa.exc.DBAPIError as error:
                raise StorageUnavailable(
                    f"The database {self._name} cannot be reached ({error.orig}). Please try again later."
                ) from error
            log.warning("the database %s is kept for this Reverie again", self._name)

    def close(self) -> None:
        self._is_closed.set()
        with self._lock:
            self._let_go()

    def _take(self) -> None:
        connection = self._engine.connect()
        try:
            is_ours = connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({NUMBER})").scalar_one()
        except sa.exc.DBAPIError:
            connection.close()
            raise
        if not is_ours:
            connection.close()
            raise StorageUnavailable(
                f"The database {self._name} is in use by another Reverie. "
                "Please stop that one, or give this one a database of its own."
            )
        self._connection = connection

    def _let_go(self) -> None:
        if self._connection is not None:
            with suppress(sa.exc.DBAPIError):
                self._connection.close()
            self._connection = None

    def _watch(self) -> None:
        while not self._is_closed.wait(WATCH_SECONDS):
            with suppress(StorageUnavailable):
                self.require()


def has_ended(connection: sa.Connection) -> bool:
    """A server says nothing on an idle connection but that it ends: one look costs no way there and back."""
    driver = connection.connection.driver_connection
    if driver is None or driver.closed:
        return True
    with selectors.DefaultSelector() as looking:
        looking.register(driver.fileno(), selectors.EVENT_READ)
        if not looking.select(0):
            return False
    try:
        connection.exec_driver_sql("SELECT 1")
    except sa.exc.DBAPIError:
        return True
    return False
