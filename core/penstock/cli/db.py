"""``penstock db``."""

import asyncio
from collections import Counter

import click

from penstock import logs
from penstock.app import retention
from penstock.cli import data_dir, process_settings
from penstock.cli.messages import say
from penstock.dispatch import ArtifactStore
from penstock.ledger import Ledger, Ownership, Status, migrate
from penstock.secrecy import redacted
from penstock.settings import Settings
from penstock.storage import ObjectStorage


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Bring the tables of DATABASE_URL up to date; safe to run from several processes at once."""
    settings = process_settings.load()
    logs.configure(
        settings.log_format,
        settings.log_level,
        max_line_bytes=settings.max_log_line_bytes,
        mask=settings.mask,
    )
    data_dir.prepare(settings.data_dir)
    migrate.upgrade(settings.database_url)
    say(f"{redacted(settings.database_url)} is up to date")


@db.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def take(*, yes: bool) -> None:
    """Let the database belong to this PENSTOCK_NAMESPACE, after that was changed on purpose.

    Stop all processes of the old name first: they and those of the new one would run each other's
    tasks.
    """
    settings = process_settings.load()
    if not yes:
        click.confirm(_question(settings, asyncio.run(_owner(settings))), abort=True, err=True)
    asyncio.run(_take(settings))
    say(f"{redacted(settings.database_url)} belongs to {settings.namespace!r}")


def _question(settings: Settings, owner: str | None) -> str:
    database, mine = redacted(settings.database_url), settings.namespace
    if owner in {None, mine}:
        whose = "nobody" if owner is None else repr(owner)
        return f"{database} belongs to {whose}; let it belong to {mine!r}?"
    return (
        f"{database} belongs to {owner!r}; let it belong to {mine!r}? "
        f"Processes of {owner!r} have to be stopped."
    )


async def _owner(settings: Settings) -> str | None:
    ledger = Ledger(settings.database_url)
    try:
        return await Ownership(ledger.database, namespace=settings.namespace).owner()
    finally:
        await ledger.close()


async def _take(settings: Settings) -> None:
    ledger = Ledger(settings.database_url)
    try:
        await Ownership(ledger.database, namespace=settings.namespace).take()
    finally:
        await ledger.close()


@db.command()
@click.option("--dry-run", is_flag=True, help="Only count what would be removed.")
def prune(*, dry_run: bool) -> None:
    """Remove ended tasks that are kept no longer, with their files, now.

    PENSTOCK_KEEP_SUCCESS, PENSTOCK_KEEP_FAILED and PENSTOCK_KEEP_CANCELLED say how long they are.
    `penstock api` and `penstock worker` do the same by themselves every minute.
    """
    settings = process_settings.load()
    gone = asyncio.run(_prune(settings, dry=dry_run))
    counts = ", ".join(f"{number} {status.value}" for status, number in gone.items() if number)
    say(f"{counts or 'no'} tasks {'would be' if dry_run else 'are'} removed")


async def _prune(settings: Settings, *, dry: bool) -> Counter[Status]:
    ledger = Ledger(settings.database_url)
    artifacts = ArtifactStore(ledger=ledger, storage=ObjectStorage(settings.data_dir / "artifacts"))
    gone: Counter[Status] = Counter()
    try:
        async for status, tasks in retention(settings, ledger=ledger, artifacts=artifacts).prune(
            dry=dry
        ):
            gone[status] += tasks
    finally:
        await ledger.close()
    return gone
