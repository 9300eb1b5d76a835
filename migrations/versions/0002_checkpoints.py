"""Checkpoints: what a task keeps for its later runs.

Types are spelt out, not imported from the models: a migration describes one moment.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "checkpoint",
        sa.Column(
            "task_id", sa.CHAR(36).with_variant(postgresql.UUID(), "postgresql"), nullable=False
        ),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("data", sa.Text().with_variant(postgresql.JSON(), "postgresql"), nullable=False),
        sa.Column(
            "updated_at",
            sa.String(26).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task.id"], name=op.f("fk_checkpoint_task_id_task"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "name", name=op.f("pk_checkpoint")),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("checkpoint")
