"""Batches of tasks, and the children of a task.

Types are spelt out, not imported from the models: a migration describes one moment.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OPEN_OF_BATCHES = "finished_at IS NULL AND batch_id IS NOT NULL"
# Name, columns, which rows. None mentions a column that the start gate writes.
INDEXES = (
    ("ix_task_parent_order", ["parent_id", "id"], "parent_id IS NOT NULL"),
    ("ix_task_batch_order", ["batch_id", "id"], "batch_id IS NOT NULL"),
    ("ix_task_open_batch", ["batch_id"], OPEN_OF_BATCHES),
)
UNFINISHED = sa.text("finished_at IS NULL AND sealed_at IS NOT NULL")
FINISHED = sa.text("finished_at IS NOT NULL")


def instant() -> sa.types.TypeEngine[Any]:
    """A moment in UTC; sortable text on SQLite."""
    return sa.String(26).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def identifier() -> sa.types.TypeEngine[Any]:
    """A UUID; its usual text on SQLite."""
    return sa.CHAR(36).with_variant(postgresql.UUID(), "postgresql")


def json() -> sa.types.TypeEngine[Any]:
    """JSON as it was written."""
    return sa.Text().with_variant(postgresql.JSON(), "postgresql")


def create_index(name: str, columns: list[str], where: str) -> None:
    """Add an index to `task`; tasks are submitted and run meanwhile."""
    rows = sa.text(where)
    options: dict[str, Any] = {"postgresql_where": rows, "sqlite_where": rows}
    if op.get_bind().dialect.name != "postgresql":
        op.create_index(name, "task", columns, **options)
        return
    # What an earlier attempt left behind is of no use.
    with op.get_context().autocommit_block():
        op.drop_index(name, "task", if_exists=True, postgresql_concurrently=True)
        op.create_index(name, "task", columns, postgresql_concurrently=True, **options)


def upgrade() -> None:
    """Add the indexes, then the table: what is committed on the way may be made again."""
    for name, columns, where in INDEXES:
        create_index(name, columns, where)
    op.create_table(
        "batch",
        sa.Column("id", identifier(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False, server_default=sa.text("''")),
        sa.Column("user_id", sa.String(255)),
        sa.Column("total", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("callback", json()),
        sa.Column("callback_task_id", identifier()),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("sealed_at", instant()),
        sa.Column("cancelled_at", instant()),
        sa.Column("finished_at", instant()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
    )
    op.create_index(
        "ix_batch_unfinished",
        "batch",
        ["id"],
        postgresql_where=UNFINISHED,
        sqlite_where=UNFINISHED,
    )
    op.create_index(
        "ix_batch_finished",
        "batch",
        ["finished_at"],
        postgresql_where=FINISHED,
        sqlite_where=FINISHED,
    )


def downgrade() -> None:
    """Take them back."""
    op.drop_table("batch")
    for name, _, _ in INDEXES:
        op.drop_index(name, "task")
