"""The database copied whole while it is in use: to a SQLite file, and from one into any other database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from agent.database import open_database

__all__ = ["copy_database", "copy_rows", "has_rows"]

ROWS_AT_ONCE = 500
VERSION_TABLE = "alembic_version"


def copy_database(source: sa.Engine, file: Path) -> None:
    """All but temporary chats, as one SQLite file. SQLite copies its pages, a server gives its rows."""
    if source.dialect.name == "sqlite":
        with closing(sqlite3.connect(file)) as copy:
            connection = source.raw_connection()
            try:
                driver: Any = connection.driver_connection
                driver.backup(copy)
            finally:
                connection.close()
    else:
        target = open_database(f"sqlite:///{file}")
        try:
            copy_rows(source, target)
        finally:
            target.dispose()
    with closing(sqlite3.connect(file, isolation_level=None)) as copy:
        copy.execute("PRAGMA foreign_keys = ON")
        copy.execute("DELETE FROM sessions WHERE is_temporary")
        copy.execute("VACUUM")
        copy.execute("PRAGMA journal_mode = DELETE")


def copy_rows(source: sa.Engine, target: sa.Engine) -> None:
    """All rows as they were at one moment, in one transaction. Both have the same schema."""
    here, there = tables_of(source), tables_of(target)
    snapshot = {} if source.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with source.connect() as reader, target.begin() as writer:
        reader = reader.execution_options(**snapshot)
        for table in there.sorted_tables:
            found = reader.execute(sa.select(here.tables[table.name])).mappings()
            for rows in found.partitions(ROWS_AT_ONCE):
                writer.execute(sa.insert(table), [dict(row) for row in rows])


def has_rows(engine: sa.Engine) -> bool:
    with engine.connect() as connection:
        return any(
            connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None
            for table in tables_of(engine).sorted_tables
        )


def tables_of(engine: sa.Engine) -> sa.MetaData:
    """As they are there, whoever declared them. An absent JSON value stays absent."""
    tables = sa.MetaData()
    tables.reflect(engine, only=lambda name, _: name != VERSION_TABLE)
    for table in tables.tables.values():
        for column in table.columns:
            if isinstance(column.type, sa.JSON):
                column.type.none_as_null = True
    return tables
