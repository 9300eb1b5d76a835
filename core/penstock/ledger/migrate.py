"""Brings a database to the ledger's present schema.

Works from any directory, and for any number of processes at once.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from penstock.declarations import PenstockError
from penstock.ledger.database import sqlite_file
from penstock.ledger.errors import LedgerUnavailableError, translated

VERSION_TABLE = "penstock_schema_version"
_ADVISORY_LOCK = 7_308_332_143_926_078_827  # arbitrary, but the same in every process
_LOCK_POLL = 0.1
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")
_MAY_BE_IDLE = text("SET LOCAL idle_in_transaction_session_timeout = 0")
_log = logging.getLogger(__name__)


class MigrationsMissingError(PenstockError):
    """The installed package has no migrations in it."""


def upgrade(database_url: str) -> None:
    """Bring the database to the newest schema that this version knows.

    Several processes may call this at once: one works, the others wait and find nothing to do. A
    database that is ahead of this version is left alone, so that a rollback of the code works.

    Raises:
        LedgerUnavailableError: if the database cannot be reached.
    """
    asyncio.run(upgrade_async(database_url))


async def upgrade_async(database_url: str) -> None:
    """:func:`upgrade` for callers that have an event loop already."""
    path = sqlite_file(database_url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked_beside(path):
            _use_wal(path)
            await _upgrade(database_url)
    else:
        await _upgrade(database_url)


async def _upgrade(database_url: str) -> None:
    engine = create_async_engine(database_url, poolclass=NullPool)
    try:
        with translated("migrate"):
            async with engine.connect() as connection, _advisory_lock(engine.connect):
                await connection.run_sync(_run)
                await connection.commit()
    finally:
        await engine.dispose()


def _run(connection: Connection) -> None:
    config = configuration()
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    present = set(context.get_current_heads())
    connection.commit()
    if present - known:
        _log.warning(
            "the database is at schema %s, which is newer than this version knows: left alone",
            ", ".join(sorted(present)),
        )
        return
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def configuration() -> Config:
    """Alembic's configuration, with the migrations of the wheel or of the checkout."""
    config = Config()
    # Alembic reads '%' as the start of an interpolation.
    config.set_main_option("script_location", str(_location()).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _location() -> Path:
    package = Path(str(files("penstock")))
    # Installed from a wheel, or editable from a checkout.
    for candidate in (package / "_migrations", package.parents[1] / "migrations"):
        if (candidate / "env.py").is_file():
            return candidate
    message = f"no migrations found in {package}; reinstall penstock"
    raise MigrationsMissingError(message)


@contextmanager
def _locked_beside(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file beside an SQLite database."""
    with path.with_name(f"{path.name}.migrate-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _use_wal(path: Path) -> None:
    """Put an SQLite database into WAL mode, which is a property of the file.

    Here, where nobody else is: of several connections that each switch it at their start, some are
    refused with "database is locked" at once, whatever their time-out.
    """
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        message = f"the database {path} could not be put into WAL mode: {error}"
        raise LedgerUnavailableError(message) from error


@asynccontextmanager
async def _advisory_lock(connect: Any) -> AsyncIterator[None]:
    """Hold PostgreSQL's advisory lock, in a transaction of its own.

    A pooler gives a transaction a session to itself, and nothing else. It is polled: who waits
    inside ``pg_advisory_xact_lock`` holds a snapshot, and deadlocks with a migration that creates
    an index concurrently.
    """
    connection: AsyncConnection
    async with connect() as connection:
        if connection.dialect.name != "postgresql":
            yield
            return
        while not await connection.scalar(_TRY_LOCK, {"key": _ADVISORY_LOCK}):
            await connection.rollback()
            await asyncio.sleep(_LOCK_POLL)
        # It also ends the query, which would hold its snapshot until something else is sent.
        await connection.execute(_MAY_BE_IDLE)
        yield
