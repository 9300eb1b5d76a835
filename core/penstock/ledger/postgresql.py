"""Connecting to PostgreSQL, straight or by way of a pooler like PgBouncer."""

from __future__ import annotations

import logging
from typing import Any

import asyncpg

# The plan for any parameters finds each row by its id. Plans for the very parameters look better to
# PostgreSQL, and walk over the whole table, where it has no statistics yet or the table is small.
# No statement here runs long enough to be worth compiling, which takes longer than any.
_SETTINGS = {"plan_cache_mode": "force_generic_plan", "jit": "off"}
_LOOK = "SELECT name, current_setting(name) FROM unnest($1::text[]) AS name"
_log = logging.getLogger(__name__)


class Connector:
    """Opens connections with our settings, and without them where a pooler refuses them.

    What a session sets would be anybody's behind a pooler, so that it has to be set there; who
    looks after it is told once if it is not.
    """

    def __init__(self) -> None:
        self._are_refused = False
        self._has_looked = False

    async def connect(self, *arguments: Any, **options: Any) -> asyncpg.Connection[Any]:
        """As :func:`asyncpg.connect`."""
        settings = None if self._are_refused else _SETTINGS
        try:
            connection = await asyncpg.connect(*arguments, server_settings=settings, **options)
        except asyncpg.ProtocolViolationError as error:
            if settings is None or "startup parameter" not in str(error):
                raise
            self._are_refused = True
            connection = await asyncpg.connect(*arguments, **options)
        if not self._has_looked:
            self._has_looked = True
            try:
                await _look(connection)
            except BaseException:
                self._has_looked = False
                connection.terminate()
                raise
        return connection


async def _look(connection: asyncpg.Connection[Any]) -> None:
    found = dict(await connection.fetch(_LOOK, list(_SETTINGS)))
    if found != _SETTINGS:
        wanted = "; ".join(f"SET {name} = {value}" for name, value in _SETTINGS.items())
        _log.warning(
            "a pooler in front of PostgreSQL does not pass our settings on, so that statements may "
            "take long: let it send %r on each of its connections (connect_query of PgBouncer)",
            wanted,
        )
