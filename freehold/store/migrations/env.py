"""How Alembic reaches the database: `freehold.store.migrate` hands it an open connection."""

from alembic import context

from freehold.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
