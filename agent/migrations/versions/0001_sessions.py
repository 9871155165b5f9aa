"""Sessions, turns and artifacts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    json = sa.JSON(none_as_null=True)
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("head", sa.String(32)),
        sa.Column("num_artifacts", sa.Integer, nullable=False),
        sa.Column("num_turns", sa.Integer, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("updated", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_owner", "sessions", ["owner"])
    op.create_table(
        "turns",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("session_id", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("options", json, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("decision", json),
        sa.Column("plan", json),
        sa.Column("shown", json, nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_turns_session_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("session_id", "position", name="uq_turns_session_id_position"),
    )
    op.create_index("ix_turns_status", "turns", ["status"])
    op.create_table(
        "artifacts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("session_id", sa.String(32), nullable=False),
        sa.Column("turn_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("parents", json, nullable=False),
        sa.Column("recipe", json),
        sa.Column("caption", sa.Text, nullable=False),
        sa.Column("step", sa.Integer),
        sa.Column("candidate", sa.Integer, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_artifacts"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_artifacts_session_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_artifacts_turn_id", ondelete="CASCADE"),
        sa.UniqueConstraint("session_id", "number", name="uq_artifacts_session_id_number"),
        sa.UniqueConstraint("turn_id", "step", "candidate", name="uq_artifacts_turn_id_step_candidate"),
    )
    op.create_index("ix_artifacts_sha256", "artifacts", ["sha256"])
