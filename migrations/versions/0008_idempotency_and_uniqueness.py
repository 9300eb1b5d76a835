"""Idempotency keys, and one open task per unique key.

Types are spelt out, not imported from the models: a migration describes one moment.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEX = "uq_task_open_unique_key"
OPEN_AND_UNIQUE = sa.text("finished_at IS NULL AND unique_key IS NOT NULL")


def instant() -> sa.types.TypeEngine[Any]:
    """A moment in UTC; sortable text on SQLite."""
    return sa.String(26).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def identifier() -> sa.types.TypeEngine[Any]:
    """A UUID; its usual text on SQLite."""
    return sa.CHAR(36).with_variant(postgresql.UUID(), "postgresql")


def upgrade() -> None:
    """Add the table and the index; no row has a unique key so far."""
    op.create_table(
        "idempotency_key",
        sa.Column("principal", sa.String(255), nullable=False),
        sa.Column("key", sa.String(300), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("task_id", identifier(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("principal", "key", name="pk_idempotency_key"),
        # An earlier attempt may have come no further than to this.
        if_not_exists=True,
    )
    op.create_index(
        "ix_idempotency_key_expires_at", "idempotency_key", ["expires_at"], if_not_exists=True
    )
    options: dict[str, Any] = {
        "unique": True,
        "postgresql_where": OPEN_AND_UNIQUE,
        "sqlite_where": OPEN_AND_UNIQUE,
    }
    if op.get_bind().dialect.name != "postgresql":
        op.create_index(INDEX, "task", ["unique_key"], **options)
        return
    # Tasks are submitted and run meanwhile; what an earlier attempt left behind is of no use.
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "task", if_exists=True, postgresql_concurrently=True)
        op.create_index(INDEX, "task", ["unique_key"], postgresql_concurrently=True, **options)


def downgrade() -> None:
    """Take them back."""
    op.drop_index(INDEX, "task")
    op.drop_table("idempotency_key")
