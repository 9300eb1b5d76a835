"""Tasks that an earlier one may stand for: those with an idempotency key, and unique ones.

They have a group commit of their own: what they wait for, tasks without a key do not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection, delete, select, text, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from penstock.ledger import keyed_writes
from penstock.ledger.batches import Batches
from penstock.ledger.database import Database
from penstock.ledger.errors import (
    IdempotencyKeyReusedError,
    TwinPendingError,
    repeated_if_cut,
    waited_in_vain,
)
from penstock.ledger.group_commit import GroupCommit
from penstock.ledger.models import IdempotencyKeyRow
from penstock.ledger.records import Accepted, IdempotencyKey, NewTask, Origin

T = TypeVar("T")

# How many rows one transaction removes.
_MOST_FORGOTTEN = 1000
# What the key of a request for many tasks stands for.
_NO_BATCH = UUID(int=0)
# An application's own transaction may hold a key for long: its twins are told to come again.
_BOUND_WAIT = text("SET LOCAL lock_timeout = '1s'")


class KeyedTasks:
    """Writes and looks up what is kept by idempotency keys, and by what is unique.

    Its methods raise :class:`~penstock.ledger.errors.LedgerUnavailableError` if the database is
    away, and are safe to repeat.
    """

    def __init__(self, database: Database, batches: Batches) -> None:
        self._database = database
        self._batches = batches
        self._inserts = GroupCommit(self._insert)

    async def close(self) -> None:
        """Finish the writes under way."""
        await self._inserts.close()

    async def accept(self, task: NewTask) -> Accepted:
        """See :meth:`Ledger.accept`."""
        return _unless_refused(await _patient(self._inserts.add(task)))

    async def accept_all(self, tasks: Sequence[NewTask]) -> Sequence[Accepted]:
        """See :meth:`Ledger.accept_all`."""
        return await _patient(self._insert_all(tasks))

    def accept_within(self, connection: Connection, task: NewTask) -> Accepted:
        """See :meth:`Ledger.accept_within`."""
        (found,) = keyed_writes.accept(connection, self._batches, [task], now=_now())
        return _unless_refused(found)

    async def bound_wait(self, connection: AsyncConnection) -> None:
        """Let a transaction wait for a moment only, for others who write the same."""
        if self._database.dialect == "postgresql":
            await connection.execute(_BOUND_WAIT)

    @repeated_if_cut
    async def earlier(self, task: NewTask) -> Accepted | None:
        """What a task would be answered with if an earlier one stands for it; writes nothing.

        Raises:
            IdempotencyKeyReusedError: see :meth:`Ledger.accept`.
        """
        if not is_keyed(task):
            return None
        async with self._database.read("look for an earlier task") as connection:
            found = await connection.run_sync(keyed_writes.earlier, task, now=_now())
        return None if found is None else _unless_refused(found)

    @repeated_if_cut
    async def claim(self, key: IdempotencyKey, *, batch_id: UUID = _NO_BATCH) -> UUID:
        """Claim the key of a request that is not about one task.

        Args:
            key: of the request.
            batch_id: what it shall stand for, if it is about a batch, or about a part of one.

        Returns:
            What it stands for: that one, or an earlier one.

        Raises:
            IdempotencyKeyReusedError: it was used before for something else.
        """
        async with self._database.statement("claim an idempotency key") as connection:
            claim = self._batches.key_claim([(key, batch_id)], now=_now())
            row = (await connection.execute(*claim)).one()
        found = UUID(str(row.task_id))
        if row.fingerprint != key.fingerprint or (found == _NO_BATCH) != (batch_id == _NO_BATCH):
            raise IdempotencyKeyReusedError(key.key)
        return found

    @repeated_if_cut
    async def holder(self, key: IdempotencyKey) -> UUID | None:
        """What the key of such a request stands for already; nothing if it is free.

        Raises:
            IdempotencyKeyReusedError: it was used before for something else.
        """
        row = IdempotencyKeyRow
        statement = select(row.fingerprint, row.task_id).where(
            row.principal == key.principal, row.key == key.key, row.expires_at > _now()
        )
        async with self._database.read("look up an idempotency key") as connection:
            found = (await connection.execute(statement)).one_or_none()
        if found is None:
            return None
        if found.fingerprint != key.fingerprint:
            raise IdempotencyKeyReusedError(key.key)
        held: UUID = found.task_id
        return held

    @repeated_if_cut
    async def forget(self, task: NewTask, *, of: UUID) -> None:
        """Give the key of ``task`` up, as it stands for a task ``of`` that was removed."""
        if task.key is not None:
            async with self._database.write("forget an idempotency key") as connection:
                await connection.run_sync(keyed_writes.forget, task.key, task_id=of)

    @repeated_if_cut
    async def forget_expired(self, *, limit: int = _MOST_FORGOTTEN) -> int:
        """Remove some keys that have expired; returns how many."""
        row = IdempotencyKeyRow
        expired = (
            select(row.principal, row.key)
            .where(row.expires_at <= _now())
            .order_by(row.expires_at)
            .limit(limit)
            # What is locked is just being claimed anew.
            .with_for_update(skip_locked=True)
        )
        statement = delete(row).where(tuple_(row.principal, row.key).in_(expired))
        async with self._database.write("forget idempotency keys") as connection:
            return (await connection.execute(statement)).rowcount

    @repeated_if_cut
    async def _insert(
        self, tasks: Sequence[NewTask]
    ) -> Sequence[Accepted | IdempotencyKeyReusedError]:
        async with self._database.write("store new tasks") as connection:
            return await self._write(connection, tasks)

    @repeated_if_cut
    async def _insert_all(self, tasks: Sequence[NewTask]) -> Sequence[Accepted]:
        async with self._database.write("store new tasks") as connection:
            # One that is refused ends the transaction.
            return [_unless_refused(each) for each in await self._write(connection, tasks)]

    async def _write(
        self, connection: AsyncConnection, tasks: Sequence[NewTask]
    ) -> Sequence[Accepted | IdempotencyKeyReusedError]:
        now = _now()
        await self.bound_wait(connection)
        found = await connection.run_sync(keyed_writes.accept, self._batches, tasks, now=now)
        files = [
            file
            for task, each in zip(tasks, found, strict=True)
            if isinstance(each, Accepted) and each.origin is Origin.NEW
            for file in task.files
        ]
        if files:
            await self._batches.insert_artifacts(connection, files, now=now)
        return found


def is_keyed(task: NewTask) -> bool:
    """Whether an earlier task may stand for it."""
    return task.key is not None or task.unique_key is not None


def _unless_refused(found: Accepted | IdempotencyKeyReusedError) -> Accepted:
    if isinstance(found, IdempotencyKeyReusedError):
        raise found
    return found


async def _patient(accepting: Awaitable[T]) -> T:
    """The result of ``accepting``, or that somebody was waited for in vain."""
    try:
        return await accepting
    except DBAPIError as error:
        if waited_in_vain(error):
            raise TwinPendingError from error
        raise


def _now() -> datetime:
    return datetime.now(UTC)
