"""What alembic runs: the revisions, in the transaction of :func:`district.database.open_engine`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
