"""What operators say of task types and providers, beside what they say of queues.

`queue` of `setting_override` holds `task:ai.text` and `provider:openai` as well. It keeps its name:
processes of the version before, which know queues alone, read and write the same rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BEFORE, AFTER = sa.String(63), sa.String(160)


def change(before: sa.String, after: sa.String) -> None:
    """Give the column room; SQLite, which never kept the length, has the table copied."""
    with op.batch_alter_table("setting_override") as table:
        table.alter_column("queue", existing_type=before, type_=after, existing_nullable=False)


def upgrade() -> None:
    """Make room."""
    change(BEFORE, AFTER)


def downgrade() -> None:
    """Forget what is said of task types and providers, and take the room back."""
    op.execute("DELETE FROM setting_override WHERE queue LIKE '%:%'")
    change(AFTER, BEFORE)
