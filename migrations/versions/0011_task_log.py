"""What handlers log, by task.

Types are spelt out, not imported from the models: a migration describes one moment.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def instant() -> sa.types.TypeEngine[Any]:
    """A moment in UTC; sortable text on SQLite."""
    return sa.String(26).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def identifier() -> sa.types.TypeEngine[Any]:
    """A UUID; its usual text on SQLite."""
    return sa.CHAR(36).with_variant(postgresql.UUID(), "postgresql")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "task_log",
        sa.Column("task_id", identifier(), nullable=False),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("level", sa.String(8), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column(
            "fields", sa.Text().with_variant(postgresql.JSON(), "postgresql"), nullable=False
        ),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task.id"], name=op.f("fk_task_log_task_id_task"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "id", name=op.f("pk_task_log")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("task_log")
