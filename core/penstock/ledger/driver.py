"""PostgreSQL's own driver, for the few statements that each task takes part in.

SQLAlchemy takes longer over one than driver and server together. Its pool's connections are used
all the same, and what goes wrong is raised as its errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import PoolProxiedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import greenlet_spawn

from penstock.ledger.queries import DriverQuery

_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Driver:
    """The driver under an engine of SQLAlchemy's.

    Args:
        engine: with the pool.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def fetch(self, query: DriverQuery, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """The rows of one statement, which is a transaction of its own.

        Raises:
            sqlalchemy.exc.DBAPIError: what the database, or the driver, says.
        """
        pooled = await self._pooled()
        connection: Any = pooled.driver_connection
        is_adrift = False
        try:
            arguments = [values[name] for name in query.names]
            rows: Sequence[Sequence[Any]] = await connection.fetch(query.text, *arguments)
        except _ERRORS as error:
            # The second: what was cut off this very moment, and does not know it yet.
            is_adrift = connection.is_closed() or isinstance(error, asyncpg.InternalClientError)
            # Without the statement and its parameters, which are the users' data.
            raise DBAPIError(None, None, error, connection_invalidated=is_adrift) from error
        except BaseException:
            # Given up in the middle: what the server says next belongs to nobody.
            is_adrift = True
            raise
        finally:
            if is_adrift:
                await greenlet_spawn(pooled.invalidate)
            await greenlet_spawn(pooled.close)
        return rows

    async def _pooled(self) -> PoolProxiedConnection:
        while True:
            try:
                pooled = await self._engine.raw_connection()
            except self._engine.dialect.loaded_dbapi.Error as error:
                raise DBAPIError(None, None, error) from error
            connection: Any = pooled.driver_connection
            if not connection.is_closed():
                return pooled
            # The database was restarted since it was used last.
            await greenlet_spawn(pooled.invalidate)
            await greenlet_spawn(pooled.close)
