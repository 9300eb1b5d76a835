"""Schedules, and open tasks by the time that they have.

Types are spelt out, not imported from the models: a migration describes one moment.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TIMES = ("expires_at", "deadline")


def instant() -> sa.types.TypeEngine[Any]:
    """A moment in UTC; sortable text on SQLite."""
    return sa.String(26).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def identifier() -> sa.types.TypeEngine[Any]:
    """A UUID; its usual text on SQLite."""
    return sa.CHAR(36).with_variant(postgresql.UUID(), "postgresql")


def json() -> sa.types.TypeEngine[Any]:
    """JSON as it was written."""
    return sa.Text().with_variant(postgresql.JSON(), "postgresql")


def upgrade() -> None:
    """Add the indexes, and create the table."""
    for time in TIMES:
        open_with = sa.text(f"finished_at IS NULL AND {time} IS NOT NULL")
        options: dict[str, Any] = {"postgresql_where": open_with, "sqlite_where": open_with}
        index = f"ix_task_open_{time}"
        if op.get_bind().dialect.name != "postgresql":
            op.create_index(index, "task", [time], **options)
            continue
        # Tasks are submitted and run meanwhile; what an earlier attempt left behind is of no use.
        with op.get_context().autocommit_block():
            op.drop_index(index, "task", if_exists=True, postgresql_concurrently=True)
            op.create_index(index, "task", [time], postgresql_concurrently=True, **options)
    # Behind what is committed by itself, so that an upgrade that broke off can be repeated.
    op.create_table(
        "schedule",
        sa.Column("id", identifier(), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("source", sa.String(128), nullable=False),
        sa.Column("type", sa.String(128), nullable=False),
        sa.Column("input", json(), nullable=False),
        sa.Column("cron", sa.String(255)),
        sa.Column("every_us", sa.BigInteger()),
        sa.Column("timezone", sa.String(63), nullable=False),
        sa.Column("misfire", sa.String(8), nullable=False),
        sa.Column("misfire_grace_us", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.String(255)),
        sa.Column("paused_by", sa.String(255)),
        sa.Column("withdrawn", sa.Text()),
        sa.Column("problem", sa.Text()),
        sa.Column("next_run_at", instant(), nullable=False),
        sa.Column("last_run_at", instant()),
        sa.Column("last_task_id", identifier()),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.CheckConstraint("misfire IN ('skip', 'run_once')", name=op.f("ck_schedule_misfire")),
        sa.CheckConstraint(
            "(cron IS NULL) <> (every_us IS NULL)", name=op.f("ck_schedule_recurrence")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint("name", name=op.f("uq_schedule_name")),
    )


def downgrade() -> None:
    """Take them back."""
    for time in TIMES:
        op.drop_index(f"ix_task_open_{time}", "task")
    op.drop_table("schedule")
