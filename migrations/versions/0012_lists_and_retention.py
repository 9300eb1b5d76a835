"""Tasks in the order of lists, by what they are looked for, and files that are to be deleted.

Each ended task is in one index of its kind and, if it has a user, in one of its user: they cost one
write when it ends, and nothing before. None mentions a column that the start gate writes, which
keeps that update in its page (HOT).

Types are spelt out, not imported from the models: a migration describes one moment.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ENDED = {
    "success": "finished_at IS NOT NULL AND error_code IS NULL",
    "failed": "finished_at IS NOT NULL AND error_code <> 'cancelled'",
    "cancelled": "finished_at IS NOT NULL AND error_code = 'cancelled'",
}
OPEN_OF_USERS = "finished_at IS NULL AND user_id IS NOT NULL"
# Name, columns, which rows.
INDEXES = (
    *((f"ix_task_{name}_kind", ["queue", "type", "id"], where) for name, where in ENDED.items()),
    *(
        (f"ix_task_{name}_user", ["user_id", "id"], f"{where} AND user_id IS NOT NULL")
        for name, where in ENDED.items()
    ),
    ("ix_task_open_user_order", ["queue", "user_id", "id"], OPEN_OF_USERS),
)
# The new index of open tasks by user takes its place.
REPLACED = "ix_task_open_user"


def identifier() -> sa.types.TypeEngine[Any]:
    """A UUID; its usual text on SQLite."""
    return sa.CHAR(36).with_variant(postgresql.UUID(), "postgresql")


def instant() -> sa.types.TypeEngine[Any]:
    """A moment in UTC; sortable text on SQLite."""
    return sa.String(26).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def create_index(name: str, columns: Sequence[str], where: str) -> None:
    """Add an index to `task`; tasks are submitted and run meanwhile."""
    options: dict[str, Any] = {
        "postgresql_where": sa.text(where),
        "sqlite_where": sa.text(where),
    }
    if op.get_bind().dialect.name != "postgresql":
        op.create_index(name, "task", columns, **options)
        return
    # What an earlier attempt left behind is of no use.
    with op.get_context().autocommit_block():
        op.drop_index(name, "task", if_exists=True, postgresql_concurrently=True)
        op.create_index(name, "task", columns, postgresql_concurrently=True, **options)


def drop_index(name: str) -> None:
    """Take an index of `task` away, likewise."""
    if op.get_bind().dialect.name != "postgresql":
        op.drop_index(name, "task", if_exists=True)
        return
    with op.get_context().autocommit_block():
        op.drop_index(name, "task", if_exists=True, postgresql_concurrently=True)


def upgrade() -> None:
    """Add the indexes and the table."""
    for name, columns, where in INDEXES:
        create_index(name, columns, where)
    drop_index(REPLACED)
    op.create_table(
        "discarded_file",
        sa.Column("artifact_id", identifier(), nullable=False),
        sa.Column("discarded_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("artifact_id", name=op.f("pk_discarded_file")),
    )


def downgrade() -> None:
    """Take them back."""
    create_index(REPLACED, ["queue", "user_id"], OPEN_OF_USERS)
    for name, _, _ in INDEXES:
        drop_index(name)
    # Behind what is committed by itself, so that a downgrade that broke off can be repeated.
    op.drop_table("discarded_file")
