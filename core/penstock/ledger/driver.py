"""PostgreSQL's own driver, for the few statements that each task takes part in.

SQLAlchemy takes longer over one than driver and server together. Its pool's connections are used
all the same, and what goes wrong is raised as its errors.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeAlias

import asyncpg
from sqlalchemy import PoolProxiedConnection, TextClause, TextualSelect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import greenlet_spawn

Statement: TypeAlias = TextClause | TextualSelect
"""One of :mod:`penstock.ledger.queries`."""
_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Executes(Protocol):
    """A connection of SQLAlchemy's, or of the driver's."""

    async def execute(
        self, statement: Statement, parameters: Mapping[str, Any], /
    ) -> Iterable[Any]:
        """The rows that ``statement`` returns; only by position are their values found in both."""


class DriverConnection:
    """One of the driver's own; each statement is a transaction of its own."""

    def __init__(
        self,
        connection: asyncpg.Connection[Any],
        prepared: Callable[[Statement], tuple[str, Sequence[str]]],
    ) -> None:
        self._connection = connection
        self._prepared = prepared
        self._is_adrift = False

    async def execute(
        self, statement: Statement, parameters: Mapping[str, Any], /
    ) -> Sequence[asyncpg.Record]:
        """See :class:`Executes`.

        Raises:
            sqlalchemy.exc.DBAPIError: what the database, or the driver, says.
        """
        text, names = self._prepared(statement)
        try:
            arguments = [parameters[name] for name in names]
            rows: list[asyncpg.Record] = await self._connection.fetch(text, *arguments)
        except _ERRORS as error:
            # Without the statement and its parameters, which are the users' data.
            raise DBAPIError(None, None, error, connection_invalidated=self.is_lost) from error
        except BaseException:
            # Given up in the middle: what the server says next belongs to nobody.
            self._is_adrift = True
            raise
        return rows

    @property
    def is_lost(self) -> bool:
        """Whether it is of no more use."""
        return self._is_adrift or self._connection.is_closed()


class Driver:
    """The driver under an engine of SQLAlchemy's, if that is of PostgreSQL.

    Args:
        engine: with the pool.
        count: called for each statement.
    """

    def __init__(self, engine: AsyncEngine, count: Callable[[], object]) -> None:
        self._engine = engine
        self._count = count
        self._texts: dict[Statement, tuple[str, Sequence[str]]] = {}

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[DriverConnection]:
        """A connection from the pool.

        Raises:
            sqlalchemy.exc.DBAPIError: the database lets nobody in.
        """
        pooled = await self._open_connection()
        connection = DriverConnection(pooled.driver_connection, self._prepared)
        try:
            yield connection
        finally:
            if connection.is_lost:
                await greenlet_spawn(pooled.invalidate)
            await greenlet_spawn(pooled.close)

    async def _open_connection(self) -> PoolProxiedConnection:
        while True:
            try:
                pooled = await self._engine.raw_connection()
            except self._engine.dialect.loaded_dbapi.Error as error:
                raise DBAPIError(None, None, error) from error
            driver: Any = pooled.driver_connection
            if not driver.is_closed():
                return pooled
            # The database was restarted since it was used last.
            await greenlet_spawn(pooled.invalidate)
            await greenlet_spawn(pooled.close)

    def _prepared(self, statement: Statement) -> tuple[str, Sequence[str]]:
        """The text of ``statement`` as the driver takes it, and the names of its parameters."""
        self._count()
        found = self._texts.get(statement)
        if found is None:
            compiled = statement.compile(dialect=self._engine.dialect)
            found = self._texts[statement] = str(compiled), compiled.positiontup or ()
        return found
