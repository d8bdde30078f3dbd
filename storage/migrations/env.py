# ruff: noqa: INP001 - alembic runs this file by its path
"""What alembic runs around each migration. The connection is given by `storage.migrate`."""

from alembic import context

from storage.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    # SQLite can alter hardly anything: alembic copies the table instead.
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
