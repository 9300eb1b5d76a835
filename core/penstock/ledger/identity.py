"""Which database a connection is on."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

# Names may differ: hosts have several, and PgBouncer gives databases its own. A server has started
# at a moment of its own, to the microsecond.
_POSTGRESQL = "SELECT current_database(), pg_postmaster_start_time()"
_SQLITE = "PRAGMA database_list"


def identity(connection: Connection) -> tuple[object, ...]:
    """What two connections have in common that are on the same database, now, and no others."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        return dialect, *connection.exec_driver_sql(_POSTGRESQL).one()
    if dialect == "sqlite":
        files = [row[2] for row in connection.exec_driver_sql(_SQLITE) if row[1] == "main"]
        # One in memory is on nobody else's.
        return dialect, *(Path(each).resolve() if each else connection for each in files)
    return (dialect,)
