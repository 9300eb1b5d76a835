"""Room in the pages of the task table, so that a start is written where the task is."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """For pages that are written from now on; nothing is rewritten."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE task SET (fillfactor = 45)")


def downgrade() -> None:
    """Fill pages as PostgreSQL does by itself."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE task RESET (fillfactor)")
