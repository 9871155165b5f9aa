"""Opening the database: pragmas, health, migrations."""

from __future__ import annotations

import logging
import re
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.pool import StaticPool

from agent.errors import StorageUnavailable
from agent.sentences import Sentence
from agent.server_lock import ServerLock

__all__ = ["empty_log", "failed", "open_database"]

log = logging.getLogger(__name__)
SQLITE_PRAGMAS = (
    "busy_timeout = 5000",
    "locking_mode = EXCLUSIVE",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
)
"""FULL: what the page shows as done survives a power cut. EXCLUSIVE: a second process on the file is refused,
and the corruption of SQLite 3.7 to 3.51 when two connections write the log at once cannot happen.
secure_delete: what is deleted is overwritten in the file."""

PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
"""Seconds, as libpq takes them: a server that is gone without a word is noticed within a minute."""
LIBPQ = ("psycopg", "psycopg2")


def open_database(url: str, *, may_be_new: bool = True) -> sa.Engine:
    """Connect, check and migrate; raises StorageUnavailable and never replaces a file it cannot read.

    Unless it `may_be_new`, an empty database is refused too: something was there and is gone.
    """
    try:
        parsed = sa.make_url(url)
        is_sqlite = parsed.get_backend_name() == "sqlite"
        if is_sqlite and not may_be_new and not has_bytes(Path(parsed.database or "")):
            raise is_gone(parsed.database)
        engine = sqlite_engine(parsed) if is_sqlite else server_engine(parsed)
        try:
            with engine.begin() as connection:
                require_ours(connection, parsed.database, may_be_new)
                migrate(connection)
        except BaseException:
            engine.dispose()
            raise
    except sa.exc.ArgumentError as error:
        raise StorageUnavailable(
            f"{hide_password(url)!r} is not a database address. Please correct the setting."
        ) from error
    except ModuleNotFoundError as error:
        raise StorageUnavailable(
            f"The driver for {hide_password(url)!r} is not installed ({error.name}): "
            "for PostgreSQL, pip install 'psycopg[binary]'."
        ) from error
    except OSError as error:
        raise StorageUnavailable(
            f"The data folder cannot be made ({error.strerror}: {error.filename}). "
            "Please choose a writable one."
        ) from error
    except sa.exc.DBAPIError as error:
        raise cannot_open(parsed.database, error.orig) from error
    except UnicodeDecodeError as error:
        raise cannot_open(parsed.database, error) from error
    return engine


def sqlite_engine(url: sa.URL) -> sa.Engine:
    """One connection for all threads (the store's lock serialises them); transactions hold DDL too."""
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        require_sound(Path(url.database))
    engine = sa.create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        connection.isolation_level = None
        for pragma in SQLITE_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def server_engine(url: sa.URL) -> sa.Engine:
    """A pool of connections, on PostgreSQL with a lock that keeps a second Reverie out.

    Raises StorageUnavailable.
    """
    if url.get_backend_name() != "postgresql":
        return sa.create_engine(url, pool_pre_ping=True)
    if url.get_driver_name() in LIBPQ:
        url = url.set(query={**PATIENCE, **url.query})
    engine, lock = sa.create_engine(url, pool_pre_ping=True), ServerLock(url)
    sa.event.listen(engine, "begin", lambda _: lock.require())
    sa.event.listen(engine, "engine_disposed", lambda _: lock.close())
    return engine


def empty_log(engine: sa.Engine) -> None:
    """What was deleted stands in SQLite's log until that is emptied; if somebody reads just now, later.

    The caller holds the store's lock. A server looks after its own log.
    """
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        with suppress(sqlite3.OperationalError):
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()


def require_sound(file: Path) -> None:
    """A damaged file is refused by a connection that can only read: neither it nor its log changes."""
    if not file.is_file():
        return
    address = f"file:{quote(str(file.absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.text_factory = lambda text: text.decode(
                "utf-8", "replace"
            )  # it quotes what is damaged
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise cannot_open(str(file), error) from error
    if verdict != "ok":
        raise StorageUnavailable(
            f"The database {file} is damaged ({verdict}). "
            "Please restore it from a backup; it was left as it is."
        )


def require_ours(connection: sa.Connection, name: str | None, may_be_new: bool) -> None:
    """A database of something else is refused, and an empty one where a full one is expected."""
    tables = sa.inspect(connection).get_table_names()
    if tables and "alembic_version" not in tables:
        raise StorageUnavailable(
            f"{name} is not a database of Reverie. Please choose another one; it was left as it is."
        )
    if not tables and not may_be_new:
        raise is_gone(name)


def failed(error: sa.exc.DBAPIError) -> StorageUnavailable:
    """What the database says of it is for the log: a server names its host and its user."""
    is_outside = isinstance(error, sa.exc.OperationalError)  # other errors may quote what people have said
    log.error("the database failed: %s", error.orig if is_outside else type(error.orig).__name__)
    return StorageUnavailable(
        Sentence(
            "The conversation cannot be saved or read. Please try again; the log says more.",
            "对话无法保存或读取。请再试一次；日志里有详情。",
        )
    )


def has_bytes(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


def is_gone(name: str | None) -> StorageUnavailable:
    return StorageUnavailable(
        f"The data folder holds pictures, but the database {name} is missing or empty. Please restore it "
        "from a backup, or move the pictures elsewhere to begin anew; nothing was changed."
    )


def cannot_open(name: str | None, reason: BaseException | None) -> StorageUnavailable:
    return StorageUnavailable(
        f"The database {name} cannot be opened: {reason}. Please check that it is undamaged, writable "
        "and not in use by another Reverie; it was left as it is."
    )


def hide_password(url: str) -> str:
    return re.sub(r"://[^/]*@", "://***@", url)


def migrate(connection: sa.Connection) -> None:
    """Upgrade to the newest schema; a schema from the future is refused."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == script.get_current_head():
        return
    if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
        raise StorageUnavailable(
            f"This data was written by a newer Reverie (schema {current}). "
            "Please start that version; nothing was changed."
        )
    command.upgrade(config, "head")
