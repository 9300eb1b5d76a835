"""What can go wrong between us and the database.

::

    PenstockError
    ├── LedgerUnavailableError      the database is away, too slow, or not set up
    │   ├── NotMigratedError        it lacks a table
    │   └── UnfitPoolerError        what stands in front of it loses prepared statements
    ├── ForeignDatabaseError        the database is another installation's
    ├── IdempotencyKeyReusedError   the key stands for something else that was asked for
    ├── TwinOpenError               a task is unique, and another one with its input is open
    └── TwinPendingError            another transaction, not ended yet, has the same key or input
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from penstock.declarations import PenstockError

P = ParamSpec("P")
R = TypeVar("R")

# SQLSTATE classes of PostgreSQL that a value can cause: bad data, a broken constraint, too large.
# All others (no such table or database, no permission, no memory, ...) hit any other row as well.
_REFUSALS = ("22", "23", "54")
# What somebody else holds was waited for, as long as that was allowed.
_LOCK_NOT_AVAILABLE = "55P03"
_TOO_LONG = "22001"
# A prepared statement is not there, or is there already.
_LOST_STATEMENTS = ("26000", "42P05")
_MOST_CUT = 3
_PAUSE = 0.02


class LedgerUnavailableError(PenstockError):
    """The database cannot be used, or did not answer in time; nothing is known of the write.

    Attributes:
        cut: whether a connection was lost that had been of use before: the next one may work.
    """

    def __init__(self, message: str, *, cut: bool = False) -> None:
        super().__init__(message)
        self.cut = cut


class ForeignDatabaseError(PenstockError):
    """The database belongs to another namespace than the one of this process."""

    def __init__(self, *, owner: str, namespace: str) -> None:
        super().__init__(
            f"the database belongs to the installation with PENSTOCK_NAMESPACE={owner}, and here "
            f"it is {namespace}; two installations in one database would run each other's tasks: "
            "give this one a DATABASE_URL of its own, or the same namespace; if the name was "
            "changed on purpose, stop all processes and run `penstock db take`"
        )


class NotMigratedError(LedgerUnavailableError):
    """The database answers and lacks a table; its ``remedy`` may be told to everybody."""

    remedy = "it lacks tables of Penstock; run `penstock db upgrade`"


class UnfitPoolerError(LedgerUnavailableError):
    """A pooler gives each transaction another session, without what the one before prepared."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the database could not {what}: the pooler in front of it loses prepared statements; "
            "in transaction mode it has to be PgBouncer 1.21 or newer, and max_prepared_statements "
            "above 0"
        )


class IdempotencyKeyReusedError(PenstockError):
    """An idempotency key was used before, for something else; nothing was written.

    Attributes:
        key: the key, as it was sent.
    """

    def __init__(self, key: str) -> None:
        # What stands behind a space is the place of a task in a request of many.
        self.key = key.partition(" ")[0]
        super().__init__(
            f"the idempotency key {self.key!r} was used before for something else; send the very "
            "same request to repeat it, or take a new key for a new one"
        )


class TwinOpenError(PenstockError):
    """A unique task cannot run again, as another one of its type, user and input is open.

    Attributes:
        task_id: the one that shall run again.
        twin_id: the one that is open.
    """

    def __init__(self, task_id: UUID, twin_id: UUID | None) -> None:
        named = f"task {twin_id}" if twin_id else "another task"
        super().__init__(
            f"task {task_id} is unique, and {named} of the same type, user and input is open; wait "
            "until that has ended, or cancel it"
        )
        self.task_id = task_id
        self.twin_id = twin_id


class TwinPendingError(PenstockError):
    """Another transaction has the same idempotency key or unique input, and takes its time.

    Nothing was written; whether there will be such a task is known when that transaction has ended.
    """

    def __init__(self) -> None:
        super().__init__(
            "another request that has not ended yet has the same idempotency key, or asks for the "
            "same unique task; try again in a moment"
        )


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn every failure into :class:`LedgerUnavailableError`, but for refusals of a value."""
    try:
        yield
    except Exception as error:
        if not _is_outage(error) or (isinstance(error, DBAPIError) and _is_refusal(error)):
            raise
        # The database's own words, without the statement and the users' data in it.
        reason = getattr(error, "orig", None) or error
        if getattr(reason, "sqlstate", None) in _LOST_STATEMENTS:
            raise UnfitPoolerError(what) from error
        message = f"the database could not {what}: {type(error).__name__}: {reason}"
        if _lacks_table(reason):
            raise NotMigratedError(f"{message}; {NotMigratedError.remedy}") from error
        cut = getattr(error, "connection_invalidated", True) and not isinstance(error, OSError)
        raise LedgerUnavailableError(message, cut=cut) from error


def _is_outage(error: Exception) -> bool:
    """Whether the database, its driver or the network raised this."""
    if isinstance(error, (DBAPIError, PoolTimeoutError, OSError)):
        return True
    # While SQLAlchemy sets a new connection up, the driver's own errors come through, and what
    # uvloop raises when it writes to a connection that has just been closed.
    from_driver = type(error).__module__.partition(".")[0] == "asyncpg"
    return from_driver or (isinstance(error, RuntimeError) and "closed" in str(error))


def waited_in_vain(error: DBAPIError) -> bool:
    """Whether another transaction held what was needed for longer than this one may wait."""
    return getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def is_too_long(error: DBAPIError) -> bool:
    """Whether a text is longer than its column; SQLite never says so."""
    return getattr(error.orig, "sqlstate", None) == _TOO_LONG


def repeated_if_cut(
    method: Callable[P, Coroutine[Any, Any, R]],
) -> Callable[P, Coroutine[Any, Any, R]]:
    """Let a method of which a second call changes nothing be called again on a new connection.

    After the database was restarted, each process holds connections that are gone, and would tell
    its callers of an outage that is over.
    """

    @wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(_MOST_CUT):
            try:
                return await method(*args, **kwargs)
            except LedgerUnavailableError as error:
                if not error.cut:
                    raise
            # Connections that were cut together notice it one after the other.
            await asyncio.sleep(_PAUSE)
        return await method(*args, **kwargs)

    return call


def _lacks_table(reason: BaseException) -> bool:
    return getattr(reason, "sqlstate", None) == "42P01" or "no such table" in str(reason)


def _is_refusal(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return False
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is not None:
        return str(sqlstate)[:2] in _REFUSALS or waited_in_vain(error)
    # SQLite, and drivers that fail before the server answers.
    return isinstance(error, (DataError, IntegrityError))
