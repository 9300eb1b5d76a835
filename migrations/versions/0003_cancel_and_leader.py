"""Cancel requests, leases, who reconciles, and open tasks in the order in which they run.

Types are spelt out, not imported from the models: a migration describes one moment.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OPEN = sa.text("finished_at IS NULL")


def instant() -> sa.types.TypeEngine[Any]:
    """A moment in UTC; sortable text on SQLite."""
    return sa.String(26).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Replace the index, then add the columns and the table.

    In this order, as the index is committed by itself: an upgrade that broke off can be repeated.
    """
    _replace_index("ix_task_open", "ix_task_open_order", ["queue", "priority", "id"])
    op.add_column("task", sa.Column("cancel_requested_at", instant()))
    op.add_column("task", sa.Column("cancel_reason", sa.Text()))
    op.add_column("task", sa.Column("lease", sa.BigInteger()))
    op.create_table(
        "leader",
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("holder", sa.String(255), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leader")),
    )


def downgrade() -> None:
    """Take all of it back."""
    _replace_index("ix_task_open_order", "ix_task_open", ["queue", "id"])
    op.drop_table("leader")
    op.drop_column("task", "lease")
    op.drop_column("task", "cancel_reason")
    op.drop_column("task", "cancel_requested_at")


def _replace_index(old: str, new: str, columns: list[str]) -> None:
    options: dict[str, Any] = {"postgresql_where": OPEN, "sqlite_where": OPEN}
    if op.get_bind().dialect.name != "postgresql":
        op.create_index(new, "task", columns, **options)
        op.drop_index(old, "task")
        return
    # Tasks are submitted and run meanwhile; what an earlier attempt left behind is of no use.
    with op.get_context().autocommit_block():
        op.drop_index(new, "task", if_exists=True, postgresql_concurrently=True)
        op.create_index(new, "task", columns, postgresql_concurrently=True, **options)
        op.drop_index(old, "task", if_exists=True, postgresql_concurrently=True)
