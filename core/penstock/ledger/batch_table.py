"""Batches: their rows, and what is asked of their tasks' rows.

Nothing is counted when a task ends: the counts are asked for with a GROUP BY, so the tasks of a
batch that end at the same time have no row in common. A batch is complete when it is sealed and
none of its tasks is open. Whoever commits the end of a task asks for that *after* the commit. If
two processes commit the last two ends at the same time, neither sees the other's while it commits;
but the later of the two questions comes after both commits, and sees that none is open. A process
that dies between commit and question leaves the batch to the reconciler.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Row,
    case,
    delete,
    exists,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from penstock.declarations import BatchSummary
from penstock.ledger import transitions
from penstock.ledger.batch_records import (
    BatchOutline,
    BatchPage,
    BatchRecord,
    Callback,
    NewBatch,
    StatusCounts,
)
from penstock.ledger.database import Database
from penstock.ledger.errors import repeated_if_cut
from penstock.ledger.models import BatchRow, Task
from penstock.ledger.open_tasks import OPEN_TASKS, open_task
from penstock.ledger.records import NewTask, OpenTask, json_text
from penstock.ledger.types import first_id_of

Insert = Callable[[AsyncConnection, Sequence[NewTask]], Awaitable[None]]
# How many rows one transaction removes.
_MOST_FORGOTTEN = 1000
# How long a batch is shown whose tasks are removed, or that never had any.
_SHOWN_EMPTY = timedelta(days=1)
# How many tasks one page counts, unless its first batch alone has more.
_MOST_COUNTED = 50_000
_LAST_ID = UUID(int=(1 << 128) - 1)
_OPEN = exists().where(Task.batch_id == BatchRow.id, Task.finished_at.is_(None))
_IS_COMPLETE: tuple[ColumnElement[bool], ...] = (
    BatchRow.finished_at.is_(None),
    BatchRow.sealed_at.is_not(None),
    ~_OPEN,
)


class BatchTable:
    """Reads and writes of batches.

    Every method raises :class:`~penstock.ledger.errors.LedgerUnavailableError` if the database is
    away.

    Args:
        database: the ledger's.
        insert_tasks: inserts tasks within a transaction; those that are there stay as they are.
        shard: which of a queue's counters this process adds to.
    """

    def __init__(self, database: Database, *, insert_tasks: Insert, shard: int) -> None:
        self._database = database
        self._insert_tasks = insert_tasks
        self._shard = shard

    @repeated_if_cut
    async def create(self, batch: NewBatch, tasks: Sequence[NewTask]) -> None:
        """Insert a batch with its first tasks, all of it or nothing; one that is there stays."""
        values = {
            "id": batch.id,
            "name": batch.name,
            "user_id": batch.user_id,
            "total": len(tasks),
            "callback": None if batch.callback is None else json_text(batch.callback),
            "created_by": batch.created_by,
            "created_at": batch.created_at,
            "sealed_at": batch.created_at if batch.sealed else None,
        }
        dialect = postgresql if self._database.dialect == "postgresql" else sqlite
        new = dialect.insert(BatchRow).values(values).on_conflict_do_nothing()
        async with self._database.write("store a batch") as connection:
            # It may be there: the commit of the first try was not answered, or two requests with
            # the same idempotency key came together.
            is_new = (await connection.execute(new.returning(BatchRow.id))).first() is not None
            if is_new and tasks:
                await self._insert_tasks(connection, tasks)

    @repeated_if_cut
    async def add(self, batch_id: UUID, tasks: Sequence[NewTask]) -> bool:
        """Insert tasks, at least one, of a batch that is not sealed; repeating it changes nothing.

        Its row is locked until the commit, so whoever seals it, or adds the very same tasks, comes
        before or after all of this.

        Returns:
            False if there is no such batch, or it is sealed: then nothing was written.
        """
        locked = select(BatchRow.sealed_at).where(BatchRow.id == batch_id).with_for_update()
        grown = (
            update(BatchRow)
            .where(BatchRow.id == batch_id)
            .values(total=BatchRow.total + len(tasks))
        )
        async with self._database.write("add tasks to a batch") as connection:
            found = (await connection.execute(locked)).one_or_none()
            if found is None:
                return False
            if await _is_there(connection, tasks[0].id):
                # As in create().
                return True
            if found.sealed_at is not None:
                return False
            await connection.execute(grown)
            await self._insert_tasks(connection, tasks)
        return True

    @repeated_if_cut
    async def has(self, task_id: UUID) -> bool:
        """Whether a task is there, and so all that were added with it."""
        async with self._database.read("look for tasks of a batch") as connection:
            return await _is_there(connection, task_id)

    @repeated_if_cut
    async def seal(self, batch_id: UUID) -> None:
        """Let no more tasks be added; repeating it changes nothing."""
        statement = (
            update(BatchRow)
            .where(BatchRow.id == batch_id, BatchRow.sealed_at.is_(None))
            .values(sealed_at=_now())
        )
        async with self._database.statement("seal a batch") as connection:
            await connection.execute(statement)

    @repeated_if_cut
    async def seal_idle(self, idle_since: datetime, *, limit: int) -> list[UUID]:
        """Seal some batches that were opened before ``idle_since``, and got no task since.

        What is just being added to is left out.
        """
        first_id = first_id_of(idle_since)
        idle = (
            select(BatchRow.id)
            .where(
                BatchRow.sealed_at.is_(None),
                BatchRow.id < first_id,
                ~exists().where(Task.batch_id == BatchRow.id, Task.id >= first_id),
            )
            .order_by(BatchRow.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(BatchRow)
            .where(BatchRow.id.in_(idle), BatchRow.sealed_at.is_(None))
            .values(sealed_at=_now())
            .returning(BatchRow.id)
        )
        async with self._database.statement("seal idle batches") as connection:
            return list((await connection.execute(statement)).scalars())

    # -- completion ------------------------------------------------------------------------------

    @repeated_if_cut
    async def complete_ones(self, ids: Sequence[UUID]) -> list[UUID]:
        """Those of ``ids`` that are complete and not finished."""
        statement = select(BatchRow.id).where(BatchRow.id.in_(ids), *_IS_COMPLETE)
        async with self._database.read("look for complete batches") as connection:
            return list((await connection.execute(statement)).scalars())

    @repeated_if_cut
    async def unfinished(self, *, after: UUID, limit: int) -> list[UUID]:
        """The next sealed batches by id that are not finished."""
        statement = (
            select(BatchRow.id)
            .where(
                BatchRow.finished_at.is_(None),
                BatchRow.sealed_at.is_not(None),
                BatchRow.id > after,
            )
            .order_by(BatchRow.id)
            .limit(limit)
        )
        async with self._database.read("look for unfinished batches") as connection:
            return list((await connection.execute(statement)).scalars())

    @repeated_if_cut
    async def finish(self, batch_id: UUID, *, callback_id: UUID) -> NewTask | None:
        """Finish a batch if it is complete, and insert its callback in the same transaction.

        Of several that try, one finds it unfinished, however close they are: the others wait for
        its row, and look at it again. A batch that was cancelled has no callback.

        Returns:
            The callback, if it was inserted here.
        """
        now = _now()
        has_callback = BatchRow.callback.is_not(None) & BatchRow.cancelled_at.is_(None)
        statement = (
            update(BatchRow)
            .where(BatchRow.id == batch_id, *_IS_COMPLETE)
            .values(
                finished_at=now,
                callback_task_id=case(
                    (has_callback, literal(callback_id, BatchRow.id.type)), else_=None
                ),
            )
            .returning(
                BatchRow.id,
                BatchRow.name,
                BatchRow.total,
                BatchRow.callback,
                BatchRow.callback_task_id,
            )
        )
        async with self._database.write("finish a batch") as connection:
            row = (await connection.execute(statement)).one_or_none()
            if row is None or row.callback_task_id is None:
                return None
            task = await self._callback(connection, row, now)
            await self._insert_tasks(connection, [task])
        return task

    async def _callback(
        self, connection: AsyncConnection, row: Row[*tuple[Any, ...]], now: datetime
    ) -> NewTask:
        callback = msgspec.json.decode(row.callback, type=Callback)
        text = callback.input
        if text is None:
            counts, _ = (await self._counts(connection, [row.id]))[row.id]
            summary = BatchSummary(
                id=row.id,
                name=row.name,
                total=row.total,
                success=counts.success,
                failed=counts.failed,
                cancelled=counts.cancelled,
            )
            text = json_text(summary)
        return NewTask(
            id=row.callback_task_id,
            type=callback.type,
            queue=callback.queue,
            priority=callback.priority,
            user_id=callback.user_id,
            input=text,
            labels=None,
            max_attempts=callback.max_attempts,
            created_at=now,
            run_at=None,
            provider=callback.provider,
            units=callback.units,
        )

    # -- cancelling ------------------------------------------------------------------------------

    @repeated_if_cut
    async def begin_cancel(self, batch_id: UUID) -> None:
        """Note that an unfinished batch is cancelled, and seal it; repeating it changes nothing."""
        now = _now()
        statement = (
            update(BatchRow)
            .where(BatchRow.id == batch_id, BatchRow.finished_at.is_(None))
            .values(
                cancelled_at=func.coalesce(
                    BatchRow.cancelled_at, literal(now, BatchRow.cancelled_at.type)
                ),
                sealed_at=func.coalesce(BatchRow.sealed_at, literal(now, BatchRow.sealed_at.type)),
            )
        )
        async with self._database.statement("cancel a batch") as connection:
            await connection.execute(statement)

    @repeated_if_cut
    async def cancel_open(self, batch_id: UUID, *, limit: int, reason: str) -> list[OpenTask]:
        """Cancel pending tasks of a batch, and ask for the cancellation of running ones.

        What is just being started or recorded is left out.

        Args:
            batch_id: whose.
            limit: how many at most.
            reason: for people.

        Returns:
            Which, as they were.
        """
        statement = (
            OPEN_TASKS.where(*_uncancelled(batch_id)).limit(limit).with_for_update(skip_locked=True)
        )
        async with self._database.write("cancel tasks of a batch") as connection:
            rows = (await connection.execute(statement)).all()
            now = _now()
            if rows:
                ids = [row.id for row in rows]
                await transitions.cancel(connection, ids, reason=reason, now=now, shard=self._shard)
        return [open_task(row) for row in rows]

    @repeated_if_cut
    async def has_uncancelled(self, batch_id: UUID) -> bool:
        """Whether a task of a batch is open that nobody asked to cancel."""
        statement = select(exists().where(*_uncancelled(batch_id)))
        async with self._database.read("look for open tasks of a batch") as connection:
            return bool((await connection.execute(statement)).scalar_one())

    @repeated_if_cut
    async def forget_ended(self, *, limit: int = _MOST_FORGOTTEN) -> int:
        """Remove some batches that ended a day ago and whose tasks are gone; returns how many."""
        ended = (
            select(BatchRow.id)
            .where(
                BatchRow.finished_at < _now() - _SHOWN_EMPTY,
                ~exists().where(Task.batch_id == BatchRow.id),
            )
            .order_by(BatchRow.finished_at)
            .limit(limit)
        )
        statement = delete(BatchRow).where(BatchRow.id.in_(ended))
        async with self._database.write("forget batches") as connection:
            return (await connection.execute(statement)).rowcount

    # -- looking ---------------------------------------------------------------------------------

    @repeated_if_cut
    async def find(self, batch_id: UUID) -> BatchRecord | None:
        """The batch of that id, if there is one."""
        statement = select(BatchRow.__table__).where(BatchRow.id == batch_id)
        async with self._database.read("look up a batch") as connection:
            row = (await connection.execute(statement)).one_or_none()
            if row is None:
                return None
            return _record(row, *(await self._counts(connection, [batch_id]))[batch_id])

    @repeated_if_cut
    async def outline(self, batch_id: UUID) -> BatchOutline | None:
        """What can be said of a batch without counting its tasks; nothing if there is none."""
        statement = select(BatchRow.user_id, BatchRow.sealed_at, BatchRow.finished_at).where(
            BatchRow.id == batch_id
        )
        async with self._database.read("look up a batch") as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else BatchOutline(*row)

    @repeated_if_cut
    async def page(self, *, before: UUID | None, limit: int) -> BatchPage:
        """The newest batches with ids below ``before``: ``limit``, or fewer if they are large.

        All of their tasks are counted, which takes its time; so a page has a bounded number of
        them.
        """
        statement = (
            select(BatchRow.__table__)
            .where(BatchRow.id < (before or _LAST_ID))
            .order_by(BatchRow.id.desc())
            .limit(limit + 1)
        )
        async with self._database.read("list batches") as connection:
            found = (await connection.execute(statement)).all()
            tasks = accumulate(row.total for row in found[:limit])
            size = max(1, sum(each <= _MOST_COUNTED for each in tasks))
            rows = found[:size]
            counts = await self._counts(connection, [row.id for row in rows])
        return BatchPage(
            batches=[_record(row, *counts[row.id]) for row in rows],
            next=rows[-1].id if len(found) > size else None,
        )

    async def _counts(
        self, connection: AsyncConnection, ids: Sequence[UUID]
    ) -> dict[UUID, tuple[StatusCounts, float]]:
        """The tasks of batches by status, and the sum of the progress of the open ones."""
        statement = (
            select(
                Task.batch_id,
                Task.status,
                func.count().label("count"),
                func.sum(case((Task.finished_at.is_(None), Task.progress), else_=0)).label("done"),
            )
            .where(Task.batch_id.in_(ids))
            .group_by(Task.batch_id, Task.status)
        )
        counts: dict[UUID, dict[str, int]] = {each: {} for each in ids}
        done = dict.fromkeys(ids, 0.0)
        for row in await connection.execute(statement):
            counts[row.batch_id][row.status] = row.count
            done[row.batch_id] += row.done
        return {each: (StatusCounts(**counts[each]), done[each]) for each in ids}


def _uncancelled(batch_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        Task.batch_id == batch_id,
        Task.finished_at.is_(None),
        Task.cancel_requested_at.is_(None),
    )


def _record(row: Row[Any], counts: StatusCounts, open_progress: float) -> BatchRecord:
    # What was removed since, had ended.
    ended = max(row.total, counts.all) - counts.pending - counts.running
    progress = (100 * ended + open_progress) / max(row.total, counts.all, 1)
    return BatchRecord(
        id=row.id,
        name=row.name,
        user_id=row.user_id,
        total=row.total,
        counts=counts,
        progress=100 if row.finished_at is not None else progress,
        callback=None if row.callback is None else msgspec.json.decode(row.callback, type=Callback),
        callback_task_id=row.callback_task_id,
        created_by=row.created_by,
        created_at=row.created_at,
        sealed_at=row.sealed_at,
        cancelled_at=row.cancelled_at,
        finished_at=row.finished_at,
    )


async def _is_there(connection: AsyncConnection, task_id: UUID) -> bool:
    statement = select(exists().where(Task.id == task_id))
    return bool((await connection.execute(statement)).scalar_one())


def _now() -> datetime:
    return datetime.now(UTC)
