"""The transitions that are no outcome of a run: cancel, run again, and the end of a task's time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, case, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from penstock.ledger.models import QueueStat, Task, TaskAttempt
from penstock.ledger.records import Status, Transition

_Row = Row[*tuple[Any, ...]]
_REPEATABLE = (Status.FAILED, Status.CANCELLED)
# What is kept of a task that ended so, for when it runs again.
_KEPT = (Task.run, Task.attempts, Task.error_code, Task.error_message)

CANCELLED = "cancelled"
"""The error code of a task that somebody had cancelled."""
EXPIRED = "expired"
"""The error code of a task that had not started when its time-to-live ended."""
DEADLINE_EXCEEDED = "deadline_exceeded"
"""The error code of a task that had not ended by its deadline."""
_EXPIRED_MESSAGE = "it had not started when its time-to-live ended"
_LATE_MESSAGE = "it had not ended by its deadline"


async def cancel(
    connection: AsyncConnection, task_id: UUID, *, reason: str, now: datetime, shard: int
) -> Transition | None:
    """Cancel a pending task, or note that a running one shall be; see ``Ledger.cancel``."""
    is_pending = Task.status == Status.PENDING
    statement = (
        update(Task)
        .where(Task.id == task_id, Task.status.in_([Status.PENDING, Status.RUNNING]))
        .values(
            status=case((is_pending, Status.CANCELLED.value), else_=Task.status),
            # A fence: whatever may have started meanwhile is superseded.
            run=Task.run + case((is_pending, 1), else_=0),
            error_code=case((is_pending, CANCELLED), else_=Task.error_code),
            error_message=case((is_pending, reason), else_=Task.error_message),
            error_type=case((is_pending, ""), else_=Task.error_type),
            finished_at=case((is_pending, literal(now, Task.finished_at.type)), else_=None),
            # Who asked first is the one who is remembered.
            cancel_requested_at=func.coalesce(
                Task.cancel_requested_at, literal(now, Task.finished_at.type)
            ),
            cancel_reason=case(
                (Task.cancel_requested_at.is_(None), reason), else_=Task.cancel_reason
            ),
            updated_at=now,
        )
        .returning(
            Task.id,
            Task.status,
            Task.queue,
            Task.priority,
            Task.user_id,
            Task.provider,
            *_KEPT,
        )
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return await _unchanged(connection, task_id)
    if row.status == Status.CANCELLED:
        await _keep(connection, [row], now=now, shard=shard)
    return _transition(row, changed=True)


async def cancel_waiting(
    connection: AsyncConnection, ids: Sequence[UUID], *, reason: str, now: datetime, shard: int
) -> None:
    """Cancel pending tasks, all of one queue, that this transaction has locked."""
    statement = (
        update(Task)
        .where(Task.id.in_(ids))
        .values(
            status=Status.CANCELLED.value,
            run=Task.run + 1,
            error_code=CANCELLED,
            error_message=reason,
            error_type="",
            finished_at=now,
            cancel_requested_at=now,
            cancel_reason=reason,
            updated_at=now,
        )
        .returning(Task.id, Task.queue, Task.status, *_KEPT)
    )
    rows = (await connection.execute(statement)).all()
    await _keep(connection, rows, now=now, shard=shard)


async def finish_cancel(
    connection: AsyncConnection, task_id: UUID, *, now: datetime, shard: int
) -> None:
    """Cancel a running task whose cancellation was asked for and whose worker was lost."""
    statement = (
        update(Task)
        .where(
            Task.id == task_id,
            Task.status == Status.RUNNING,
            Task.cancel_requested_at.is_not(None),
        )
        .values(
            status=Status.CANCELLED.value,
            run=Task.run + 1,
            error_code=CANCELLED,
            error_message=Task.cancel_reason,
            error_type="",
            finished_at=now,
            updated_at=now,
        )
        .returning(Task.id, Task.queue, Task.status, *_KEPT)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is not None:
        await _keep(connection, [row], now=now, shard=shard)


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Whether the time of a task is over, if it waits."""
    return _is_expired(now) | (Task.deadline <= now)


def _is_expired(now: datetime) -> ColumnElement[bool]:
    # A run that was handed back before its handler was called is no start.
    return (Task.expires_at <= now) & (Task.attempts == 0) & Task.started_at.is_(None)


async def end_overdue(
    connection: AsyncConnection,
    ids: Sequence[UUID],
    *,
    orphans: Sequence[UUID] = (),
    now: datetime,
    shard: int,
) -> set[UUID]:
    """Fail those of ``ids`` whose time is over; returns which.

    Args:
        connection: in a transaction.
        ids: those that run are not meant.
        orphans: those of them that may run, as their worker is known to be lost.
        now: the present moment.
        shard: which of a queue's counters to add to.
    """
    if not ids:
        return set()
    is_expired = _is_expired(now)
    lost = (Task.status == Status.RUNNING) & Task.id.in_(orphans) & (Task.deadline <= now)
    statement = (
        update(Task)
        .where(Task.id.in_(ids), ((Task.status == Status.PENDING) & is_overdue(now)) | lost)
        .values(
            status=Status.FAILED.value,
            run=Task.run + 1,
            error_code=case((is_expired, EXPIRED), else_=DEADLINE_EXCEEDED),
            error_message=case((is_expired, _EXPIRED_MESSAGE), else_=_LATE_MESSAGE),
            error_type="",
            finished_at=now,
            updated_at=now,
        )
        .returning(Task.id, Task.queue, Task.status, *_KEPT)
    )
    rows = (await connection.execute(statement)).all()
    # In one order, so that two writers never wait for each other.
    for queue in sorted({row.queue for row in rows}):
        await _keep(connection, [row for row in rows if row.queue == queue], now=now, shard=shard)
    return {row.id for row in rows}


async def retry(connection: AsyncConnection, task_id: UUID, *, now: datetime) -> Transition | None:
    """Let a failed or cancelled task begin anew; see ``Ledger.retry``."""
    statement = (
        update(Task)
        .where(
            Task.id == task_id,
            Task.status.in_(_REPEATABLE),
            Task.deadline.is_(None) | (Task.deadline > now),
        )
        .values(
            status=Status.PENDING.value,
            run=Task.run + 1,
            attempts=0,
            losses=0,
            progress=0,
            progress_message="",
            error_code=None,
            error_message=None,
            error_type=None,
            cancel_requested_at=None,
            cancel_reason=None,
            run_at=None,
            # It was to start soon after it was submitted; now somebody wants it nevertheless.
            expires_at=None,
            finished_at=None,
            updated_at=now,
        )
        .returning(Task.status, Task.queue, Task.priority, Task.user_id, Task.provider, Task.lease)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        found = await _unchanged(connection, task_id)
        if found is not None and found.status in _REPEATABLE:
            return msgspec.structs.replace(found, too_late=True)
        return found
    return msgspec.structs.replace(_transition(row, changed=True), lease=row.lease or 0)


async def _keep(
    connection: AsyncConnection, rows: Sequence[_Row], *, now: datetime, shard: int
) -> None:
    """Remember this outcome of tasks of one queue for when they run again, and count it.

    All of them ended in the same status.
    """
    attempts = [
        {
            "task_id": row.id,
            "run": row.run,
            "attempt": row.attempts,
            "error_code": row.error_code,
            "error_message": row.error_message,
            "error_type": "",
            "finished_at": now,
        }
        for row in rows
    ]
    await connection.execute(insert(TaskAttempt), attempts)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    counter = QueueStat.failed if rows[0].status == Status.FAILED else QueueStat.cancelled
    new = dialect.insert(QueueStat).values(
        {"queue": rows[0].queue, "shard": shard, counter.key: len(attempts)}
    )
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=[QueueStat.queue, QueueStat.shard],
            set_={counter.key: counter + len(attempts)},
        )
    )


async def _unchanged(connection: AsyncConnection, task_id: UUID) -> Transition | None:
    statement = select(Task.status, Task.queue, Task.priority, Task.user_id, Task.provider).where(
        Task.id == task_id
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else _transition(row, changed=False)


def _transition(row: _Row, *, changed: bool) -> Transition:
    return Transition(
        status=Status(row.status),
        queue=row.queue,
        priority=row.priority,
        user_id=row.user_id,
        provider=row.provider,
        changed=changed,
    )
