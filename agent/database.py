"""Opening the database: pragmas, health, migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.pool import StaticPool

from agent.errors import StorageUnavailable

__all__ = ["open_database"]

SQLITE_PRAGMAS = (
    "busy_timeout = 5000",
    "locking_mode = EXCLUSIVE",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
)
"""FULL: what the page shows as done survives a power cut. EXCLUSIVE: a second process on the file is refused,
and the corruption of SQLite 3.7 to 3.51 when two connections write the log at once cannot happen."""


def open_database(url: str) -> sa.Engine:
    """Connect, check and migrate; raises StorageUnavailable and never replaces a file it cannot read."""
    try:
        parsed = sa.make_url(url)
        is_sqlite = parsed.get_backend_name() == "sqlite"
        if is_sqlite and parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = sqlite_engine(parsed) if is_sqlite else sa.create_engine(parsed, pool_pre_ping=True)
        try:
            with engine.begin() as connection:
                if is_sqlite:
                    check_health(connection, parsed.database)
                migrate(connection)
        except BaseException:
            engine.dispose()
            raise
    except sa.exc.ArgumentError as error:
        raise StorageUnavailable(f"{url!r} is not a database address. Please correct the setting.") from error
    except OSError as error:
        raise StorageUnavailable(
            f"The data folder cannot be made ({error.strerror}: {error.filename}). "
            "Please choose a writable one."
        ) from error
    except sa.exc.DBAPIError as error:
        raise StorageUnavailable(
            f"The database {parsed.database} cannot be opened: {error.orig}. "
            "Please check that it is undamaged, writable and not in use by another Reverie; "
            "it was left as it is."
        ) from error
    return engine


def sqlite_engine(url: sa.URL) -> sa.Engine:
    """One connection for all threads (the store's lock serialises them); transactions hold DDL too."""
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


def check_health(connection: sa.Connection, name: str | None) -> None:
    """A damaged or foreign file is refused."""
    verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if verdict != "ok":
        raise StorageUnavailable(
            f"The database {name} is damaged ({verdict}). "
            "Please restore it from a backup; it was left as it is."
        )
    tables = sa.inspect(connection).get_table_names()
    if tables and "alembic_version" not in tables:
        raise StorageUnavailable(
            f"{name} is not a database of Reverie. Please choose another file; it was left as it is."
        )


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
