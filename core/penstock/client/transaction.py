"""Submitting as part of the application's own transaction."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from penstock.declarations import DeclarationError
from penstock.dispatch import ForeignSessionError
from penstock.ledger.identity import identity

AsyncTransaction = AsyncSession | AsyncConnection
SyncTransaction = Session | Connection


async def connection_of(transaction: AsyncTransaction) -> AsyncConnection:
    """The connection of a session, or itself.

    Raises:
        DeclarationError: it is neither.
    """
    if isinstance(transaction, AsyncSession):
        return await transaction.connection()
    if isinstance(transaction, AsyncConnection):
        return transaction
    raise _no_transaction(transaction, "an AsyncSession or AsyncConnection")


def sync_connection_of(transaction: SyncTransaction) -> Connection:
    """See :func:`connection_of`."""
    if isinstance(transaction, Session):
        return transaction.connection()
    if isinstance(transaction, Connection):
        return transaction
    raise _no_transaction(transaction, "a Session or Connection")


def require_same_database(connection: Connection, *, ledger: Hashable) -> None:
    """Refuse a connection that is on another database than the ``ledger``'s identity.

    Raises:
        ForeignSessionError: it is.
    """
    if identity(connection) != ledger:
        shown = connection.engine.url.render_as_string(hide_password=True)
        raise ForeignSessionError(
            f"the session is on {shown}, not the ledger's database, so no task can be part of "
            "its transaction; give a session on the database of DATABASE_URL, or submit without a "
            "session after the commit"
        )


def _no_transaction(given: Any, expected: str) -> DeclarationError:
    return DeclarationError(f"expected session to be {expected} of SQLAlchemy, got {given!r}")
