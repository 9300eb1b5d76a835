"""Until when a task may start and end, what makes it unique, and which tasks it belongs to.

Types are spelt out, not imported from the models: a migration describes one moment.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def instant() -> sa.types.TypeEngine[Any]:
    """A moment in UTC; sortable text on SQLite."""
    return sa.String(26).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def identifier() -> sa.types.TypeEngine[Any]:
    """A UUID; its usual text on SQLite."""
    return sa.CHAR(36).with_variant(postgresql.UUID(), "postgresql")


COLUMNS = {
    "expires_at": instant,
    "deadline": instant,
    "unique_key": lambda: sa.String(64),
    "parent_id": identifier,
    "batch_id": identifier,
}


def upgrade() -> None:
    """Add the columns; rows that are there have none of it."""
    for name, kind in COLUMNS.items():
        op.add_column("task", sa.Column(name, kind()))


def downgrade() -> None:
    """Take them back."""
    for name in reversed(COLUMNS):
        op.drop_column("task", name)
