"""The id of the event that ended a turn."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

NONE = "0"
"""A plain string: for any other default the table is made anew, and rows that refer to it go with the old."""


def upgrade() -> None:
    with op.batch_alter_table("turns") as turns:
        turns.add_column(sa.Column("last_event_id", sa.BigInteger, nullable=False, server_default=NONE))
    count_by_age()


def count_by_age() -> None:
    """Nobody kept count so far; a turn has told fewer events than it is old in milliseconds."""
    created = sa.column("created", sa.DateTime)
    turns = sa.table("turns", sa.column("id"), created, sa.column("last_event_id"))
    connection, now = op.get_bind(), datetime.now(UTC).replace(tzinfo=None)
    ages = [
        {"turn": turn, "age": max(0, (now - created) // timedelta(milliseconds=1))}
        for turn, created in connection.execute(sa.select(turns.c.id, turns.c.created))
    ]
    if ages:
        kept = sa.update(turns).where(turns.c.id == sa.bindparam("turn"))
        connection.execute(kept.values(last_event_id=sa.bindparam("age")), ages)
