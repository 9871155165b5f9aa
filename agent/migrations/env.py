"""Alembic's entry: runs the migrations on the connection that agent.database hands in."""

from importlib import import_module

from alembic import context

from agent.tables import Row

# A table is known once the file that says it is imported; agent.tables says the first three.
for file in ("agent.keys", "agent.people.sign_ins", "agent.people.users", "agent.sharing"):
    import_module(file)

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Row.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
