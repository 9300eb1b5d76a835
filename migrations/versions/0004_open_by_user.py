"""Open tasks by user, so that they can be counted.

Types are spelt out, not imported from the models: a migration describes one moment.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEX = "ix_task_open_user"
OPEN_OF_USERS = sa.text("finished_at IS NULL AND user_id IS NOT NULL")


def upgrade() -> None:
    """Add the index."""
    options: dict[str, Any] = {"postgresql_where": OPEN_OF_USERS, "sqlite_where": OPEN_OF_USERS}
    if op.get_bind().dialect.name != "postgresql":
        op.create_index(INDEX, "task", ["queue", "user_id"], **options)
        return
    # Tasks are submitted and run meanwhile; what an earlier attempt left behind is of no use.
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "task", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            INDEX, "task", ["queue", "user_id"], postgresql_concurrently=True, **options
        )


def downgrade() -> None:
    """Take it back."""
    op.drop_index(INDEX, "task")
