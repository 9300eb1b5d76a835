"""The task ledger: tasks, their failed attempts, artifacts and counters.

Types are spelt out, not imported from the models: a migration describes one moment.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OPEN = sa.text("finished_at IS NULL")


def uuid() -> sa.types.TypeEngine[Any]:
    """A UUID; text with dashes on SQLite."""
    return sa.CHAR(36).with_variant(postgresql.UUID(), "postgresql")


def instant() -> sa.types.TypeEngine[Any]:
    """A moment in UTC; sortable text on SQLite."""
    return sa.String(26).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def json() -> sa.types.TypeEngine[Any]:
    """JSON as it was written."""
    return sa.Text().with_variant(postgresql.JSON(), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "task",
        sa.Column("id", uuid(), nullable=False),
        sa.Column("type", sa.String(128), nullable=False),
        sa.Column("queue", sa.String(63), nullable=False),
        sa.Column("status", sa.String(9), server_default="pending", nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.String(255)),
        sa.Column("input", json(), nullable=False),
        sa.Column("labels", json()),
        sa.Column("result", json()),
        sa.Column("error_code", sa.String(64)),
        sa.Column("error_message", sa.Text()),
        sa.Column("error_type", sa.String(255)),
        sa.Column("progress", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("progress_message", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("run", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("worker", sa.String(255)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("run_at", instant()),
        sa.Column("started_at", instant()),
        sa.Column("finished_at", instant()),
        sa.Column("updated_at", instant(), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'success', 'failed', 'cancelled')",
            name=op.f("ck_task_status"),
        ),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (status IN ('pending', 'running'))",
            name=op.f("ck_task_finished"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    op.create_index(
        "ix_task_open", "task", ["queue", "id"], postgresql_where=OPEN, sqlite_where=OPEN
    )
    op.create_table(
        "task_attempt",
        sa.Column("task_id", uuid(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(64), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=False),
        sa.Column("error_type", sa.String(255), nullable=False),
        sa.Column("traceback", sa.Text()),
        sa.Column("started_at", instant()),
        sa.Column("finished_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task.id"], name=op.f("fk_task_attempt_task_id_task"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "run", name=op.f("pk_task_attempt")),
    )
    op.create_table(
        "artifact",
        sa.Column("id", uuid(), nullable=False),
        sa.Column("task_id", uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("content_type", sa.String(255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task.id"], name=op.f("fk_artifact_task_id_task"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact")),
    )
    op.create_index("ix_artifact_task_id", "artifact", ["task_id"])
    op.create_table(
        "queue_stat",
        sa.Column("queue", sa.String(63), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("completed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("queue", "shard", name=op.f("pk_queue_stat")),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("queue_stat", "artifact", "task_attempt", "task"):
        op.drop_table(table)
