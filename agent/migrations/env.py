"""Alembic's entry: runs the migrations on the connection that agent.sessions hands in."""

from alembic import context

from agent.tables import Row

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Row.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
