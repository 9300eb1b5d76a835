"""Batches that nobody has sealed, by their age; and whose the database is.

Types are spelt out, not imported from the models: a migration describes one moment.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

UNSEALED = sa.text("sealed_at IS NULL")


def instant() -> sa.types.TypeEngine[Any]:
    """A moment in UTC; sortable text on SQLite."""
    return sa.String(26).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Add the index and the table."""
    options: dict[str, Any] = {"postgresql_where": UNSEALED, "sqlite_where": UNSEALED}
    if op.get_bind().dialect.name != "postgresql":
        op.create_index("ix_batch_unsealed", "batch", ["id"], **options)
    else:
        # What an earlier attempt left behind is of no use.
        with op.get_context().autocommit_block():
            op.drop_index(
                "ix_batch_unsealed", "batch", if_exists=True, postgresql_concurrently=True
            )
            op.create_index(
                "ix_batch_unsealed", "batch", ["id"], postgresql_concurrently=True, **options
            )
    op.create_table(
        "owner",
        sa.Column("id", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("since", instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner")),
        sa.CheckConstraint("id = 1", name=op.f("ck_owner_one")),
    )


def downgrade() -> None:
    """Take them back."""
    op.drop_table("owner")
    op.drop_index("ix_batch_unsealed", "batch")
