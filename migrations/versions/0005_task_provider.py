"""The provider that a task needs, and how much of it.

Types are spelt out, not imported from the models: a migration describes one moment.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; rows that are there need no provider."""
    op.add_column("task", sa.Column("provider", sa.String(63)))
    op.add_column("task", sa.Column("units", sa.Integer()))


def downgrade() -> None:
    """Take them back."""
    op.drop_column("task", "units")
    op.drop_column("task", "provider")
