"""What can go wrong between us and the database.

::

    PenstockError
    └── LedgerUnavailableError      the database is away, too slow, or not set up
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from penstock.declarations import PenstockError

# SQLSTATE classes of PostgreSQL that a value can cause: bad data, a broken constraint, too large.
# All others (no such table or database, no permission, no memory, ...) hit any other row as well.
_REFUSALS = ("22", "23", "54")


class LedgerUnavailableError(PenstockError):
    """The database cannot be used, or did not answer in time; nothing is known of the write."""


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn every failure into :class:`LedgerUnavailableError`, but for refusals of a value."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError, OSError) as error:
        if isinstance(error, DBAPIError) and _is_refusal(error):
            raise
        # The database's own words, without the statement and the users' data in it.
        reason = getattr(error, "orig", None) or error
        remedy = "; run `penstock db upgrade`" if _lacks_table(reason) else ""
        message = f"the database could not {what}: {type(error).__name__}: {reason}{remedy}"
        raise LedgerUnavailableError(message) from error


def _lacks_table(reason: BaseException) -> bool:
    return getattr(reason, "sqlstate", None) == "42P01" or "no such table" in str(reason)


def _is_refusal(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return False
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is not None:
        return str(sqlstate)[:2] in _REFUSALS
    # SQLite, and drivers that fail before the server answers.
    return isinstance(error, (DataError, IntegrityError))
