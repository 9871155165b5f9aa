"""How long the engine worked on a picture."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("artifacts") as artifacts:
        artifacts.add_column(sa.Column("seconds", sa.Float))
