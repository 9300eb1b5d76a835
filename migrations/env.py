"""Alembic's environment for the ledger's schema.

The connection comes from `penstock.ledger.migrate`, which holds the lock; `penstock db upgrade` is
the way to run this. The tests compare the outcome with the models on both databases.
"""

from alembic import context

from penstock.ledger.migrate import VERSION_TABLE
from penstock.ledger.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    transaction_per_migration=True,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    compare_server_default=True,
    # A plugin's own tables, and whatever else lives in this database, are not ours to compare.
    include_name=lambda name, kind, _: kind != "table" or name in Base.metadata.tables,
)
with context.begin_transaction():
    context.run_migrations()
