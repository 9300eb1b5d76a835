"""``penstock db``."""

import click

from penstock import logs
from penstock.cli import data_dir, process_settings
from penstock.cli.messages import say
from penstock.ledger import migrate
from penstock.settings import redacted


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Bring the tables of DATABASE_URL up to date; safe to run from several processes at once."""
    settings = process_settings.load()
    logs.configure(
        settings.log_format, settings.log_level, max_line_bytes=settings.max_log_line_bytes
    )
    data_dir.prepare(settings.data_dir)
    migrate.upgrade(settings.database_url)
    say(f"{redacted(settings.database_url)} is up to date")
