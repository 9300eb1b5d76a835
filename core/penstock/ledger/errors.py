"""What can go wrong between us and the database.

::

    PenstockError
    └── LedgerUnavailableError      the database is away or too slow
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

from penstock.declarations import PenstockError

# SQLSTATE classes of PostgreSQL that say nothing about the statement: connection, resources,
# operator intervention, system, and a transaction that lost against another one.
_PASSING_SQLSTATES = ("08", "53", "57", "58", "40")


class LedgerUnavailableError(PenstockError):
    """The database cannot be reached or did not answer in time; nothing is known of the write."""


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn failures of the connection into :class:`LedgerUnavailableError`, and only those."""
    try:
        yield
    except (DBAPIError, TimeoutError, OSError) as error:
        if isinstance(error, DBAPIError) and not _is_passing(error):
            raise
        message = f"the database could not {what}: {type(error).__name__}: {error}"
        raise LedgerUnavailableError(message) from error


def _is_passing(error: DBAPIError) -> bool:
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is not None:
        return str(sqlstate)[:2] in _PASSING_SQLSTATES
    # SQLite, and drivers that fail before the server answers.
    return isinstance(error, OperationalError)
