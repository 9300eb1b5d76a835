"""The connection to the ledger's database: PostgreSQL, or SQLite on one host."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from threading import Thread
from typing import Any
from weakref import WeakSet

import aiosqlite
from sqlalchemy import Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from penstock.ledger.driver import Driver
from penstock.ledger.errors import translated
from penstock.ledger.postgresql import Connector
from penstock.ledger.queries import DriverQuery

_CONNECT_TIMEOUT = 2.0
_POOL_TIMEOUT = 5.0
_STATEMENT_TIMEOUT = 30.0
# Its queue is not fair: under load one of several processes may wait long.
_SQLITE_BUSY_TIMEOUT = 30.0
_SQLITE_PATIENCE = 1.0
_SQLITE_LOOK = 0.005


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database, which may not be there yet; ``None`` for any other one."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(parsed.database)


class Database:
    """A pool of connections.

    Args:
        url: an SQLAlchemy URL with an asynchronous driver: ``postgresql+asyncpg://`` or
            ``sqlite+aiosqlite:///``.
    """

    def __init__(self, url: str) -> None:
        self._threads = _SqliteThreads()
        self.engine = _create_engine(url, self._threads)
        # The same connections.
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.dialect = self.engine.dialect.name
        self.statements = 0
        """How many statements were sent, for benchmarks and metrics."""
        self._driver = Driver(self.engine)
        self.writers = 1 if self.dialect == "sqlite" else 2
        """How many transactions at once get more of one kind written."""
        # SQLite has one writer; waiting for it here is fair and cheap, its own waiting is neither.
        self._writer = asyncio.Lock() if self.dialect == "sqlite" else nullcontext()
        event.listen(self.engine.sync_engine, "before_cursor_execute", self._count)

    def _count(self, *_: Any) -> None:
        self.statements += 1

    @asynccontextmanager
    async def write(self, what: str) -> AsyncIterator[AsyncConnection]:
        """A transaction; committed on the way out.

        Raises:
            LedgerUnavailableError: if the database is away; a commit's outcome is then unknown.
        """
        async with self._writer:
            with translated(what):
                async with self.engine.begin() as connection:
                    yield connection

    @asynccontextmanager
    async def statement(self, what: str) -> AsyncIterator[AsyncConnection]:
        """A transaction of one statement; committed when that has returned.

        PostgreSQL needs no BEGIN and no COMMIT for it, each of which is a round trip.

        Raises:
            LedgerUnavailableError: if the database is away; the statement's outcome is then
                unknown.
        """
        if self.dialect == "sqlite":
            async with self.write(what) as connection:
                yield connection
            return
        with translated(what):
            async with self._autocommit.connect() as connection:
                yield connection

    async def fetch(
        self, what: str, query: DriverQuery, values: Mapping[str, Any]
    ) -> Sequence[Sequence[Any]]:
        """The rows of one statement in a transaction of its own, by the driver of PostgreSQL.

        For the statements of every task: SQLAlchemy takes longer to send one and to read its
        answer than is spent on the tasks of a batch.

        Raises:
            LedgerUnavailableError: if the database is away; the statement's outcome is then
                unknown.
        """
        with translated(what):
            self.statements += 1
            return await self._driver.fetch(query, values)

    @asynccontextmanager
    async def read(self, what: str) -> AsyncIterator[AsyncConnection]:
        """A connection to read from, without a lock.

        Raises:
            LedgerUnavailableError: if the database is away.
        """
        with translated(what):
            async with self.engine.connect() as connection:
                yield await connection.execution_options(penstock_read=True)

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
        await self._threads.ended()


class _SqliteThreads:
    """The threads in which aiosqlite works, one per connection.

    Each answers to the event loop, even if its caller has given up: the loop has to last longer.
    """

    def __init__(self) -> None:
        self._threads: WeakSet[Thread] = WeakSet()

    def connect(self, *arguments: Any, **options: Any) -> aiosqlite.Connection:
        """A connection that is to be awaited, made as SQLAlchemy makes it."""
        connection = aiosqlite.connect(*arguments, **options)
        thread = connection._thread  # noqa: SLF001
        thread.daemon = True
        self._threads.add(thread)
        return connection

    async def ended(self) -> None:
        """Wait for those whose connections are closed; no longer than a moment for any other."""
        # Not by a thread that joins them: while the interpreter ends there is no new one.
        for _ in range(int(_SQLITE_PATIENCE / _SQLITE_LOOK)):
            if not any(each.is_alive() for each in self._threads):
                return
            await asyncio.sleep(_SQLITE_LOOK)


def _create_engine(url: str, threads: _SqliteThreads) -> AsyncEngine:
    if url.startswith("sqlite"):
        # isolation_level=None: pysqlite's own transactions begin late and lose updates silently.
        engine = create_async_engine(
            url,
            hide_parameters=True,
            connect_args={
                "isolation_level": None,
                "timeout": _SQLITE_BUSY_TIMEOUT,
                "async_creator_fn": threads.connect,
            },
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    return create_async_engine(
        url,
        # Errors end up in logs, and parameters are the users' data.
        hide_parameters=True,
        pool_timeout=_POOL_TIMEOUT,
        # JSON stays the text that was written, as it does on SQLite.
        json_deserializer=str,
        connect_args={
            "timeout": _CONNECT_TIMEOUT,
            "command_timeout": _STATEMENT_TIMEOUT,
            "async_creator_fn": Connector().connect,
        },
    )


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: a transaction that starts by reading and writes later would fail, not wait.
    read_only = connection.get_execution_options().get("penstock_read", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
