"""Handles with letters, checks, changes and stars of pictures; a session as a tree of turns."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NO = "0"
"""A plain string: for any other default the table is made anew, and rows that refer to it go with the old."""


def upgrade() -> None:
    json = sa.JSON(none_as_null=True)
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("tip", sa.String(32)))
        sessions.add_column(sa.Column("is_pinned", sa.Boolean, nullable=False, server_default=NO))
        sessions.add_column(sa.Column("is_temporary", sa.Boolean, nullable=False, server_default=NO))
    with op.batch_alter_table("turns") as turns:
        turns.add_column(sa.Column("parent", sa.String(32)))
    with op.batch_alter_table("artifacts") as artifacts:
        artifacts.add_column(sa.Column("letter", sa.String(1), nullable=False, server_default=""))
        artifacts.add_column(sa.Column("checked", json))
        artifacts.add_column(sa.Column("changed", json))
        artifacts.add_column(sa.Column("is_starred", sa.Boolean, nullable=False, server_default=NO))
        artifacts.drop_constraint("uq_artifacts_session_id_number", type_="unique")
        artifacts.create_unique_constraint(
            "uq_artifacts_session_id_number_letter", ["session_id", "number", "letter"]
        )
        artifacts.create_index("ix_artifacts_is_starred", ["is_starred"])
    follow_each_other()


def follow_each_other() -> None:
    """Turns were a line so far: each follows the one before it, and the last one is shown last."""
    turns = sa.table(
        "turns", sa.column("id"), sa.column("session_id"), sa.column("position"), sa.column("parent")
    )
    sessions = sa.table("sessions", sa.column("id"), sa.column("tip"))
    before = turns.alias("before")
    connection = op.get_bind()
    earlier = (
        sa.select(before.c.id)
        .where(before.c.session_id == turns.c.session_id, before.c.position < turns.c.position)
        .order_by(before.c.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    connection.execute(sa.update(turns).values(parent=earlier))
    last = (
        sa.select(turns.c.id)
        .where(turns.c.session_id == sessions.c.id)
        .order_by(turns.c.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    connection.execute(sa.update(sessions).values(tip=last))
