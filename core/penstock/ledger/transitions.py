"""The transitions that are no outcome of a run: cancel, run again, and the end of a task's time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, case, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from penstock.ledger.models import QueueStat, Task, TaskAttempt
from penstock.ledger.records import Status, Transition

_Row = Row[*tuple[Any, ...]]
# What is kept of a task that ended so, for when it runs again.
_KEPT = (Task.run, Task.attempts, Task.error_code, Task.error_message)

CANCELLED = "cancelled"
"""The error code of a task that somebody had cancelled."""
EXPIRED = "expired"
"""The error code of a task that had not started when its time-to-live ended."""
DEADLINE_EXCEEDED = "deadline_exceeded"
"""The error code of a task that had not ended by its deadline."""
OPEN = (Status.PENDING, Status.RUNNING)
"""What can be cancelled."""
UNSUCCESSFUL = (Status.FAILED, Status.CANCELLED)
"""What can run again."""
_EXPIRED_MESSAGE = "it had not started when its time-to-live ended"
_LATE_MESSAGE = "it had not ended by its deadline"
_TRANSITION = (
    Task.id,
    Task.status,
    Task.queue,
    Task.priority,
    Task.user_id,
    Task.provider,
    Task.lease,
    Task.batch_id,
)


async def cancel(
    connection: AsyncConnection, ids: Sequence[UUID], *, reason: str, now: datetime, shard: int
) -> dict[UUID, Transition]:
    """Cancel pending tasks, and note that running ones shall be; see ``Ledger.cancel``.

    Returns:
        The open ones of ``ids``. Several of them are locked by this transaction already.
    """
    is_pending = Task.status == Status.PENDING
    statement = (
        update(Task)
        .where(Task.id.in_(ids), Task.status.in_(OPEN))
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
        .returning(*_TRANSITION, *_KEPT)
    )
    rows = (await connection.execute(statement)).all()
    cancelled = [row for row in rows if row.status == Status.CANCELLED]
    await _keep(connection, cancelled, now=now, shard=shard)
    return {row.id: _transition(row, changed=True) for row in rows}


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
    # It is gone once the handler was called, unless the worker could not tell.
    return (Task.expires_at <= now) & (Task.losses == 0)


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
    is_expired = (Task.status == Status.PENDING) & _is_expired(now)
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
    await _keep(connection, rows, now=now, shard=shard)
    return {row.id for row in rows}


async def retry(
    connection: AsyncConnection, ids: Sequence[UUID], *, now: datetime
) -> dict[UUID, Transition]:
    """Let failed and cancelled tasks begin anew; see ``Ledger.retry``.

    Returns:
        The failed and cancelled ones of ``ids``. Several of them are locked already.
    """
    statement = (
        update(Task)
        .where(
            Task.id.in_(ids),
            Task.status.in_(UNSUCCESSFUL),
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
        .returning(*_TRANSITION)
    )
    rows = (await connection.execute(statement)).all()
    return {row.id: _transition(row, changed=True) for row in rows}


async def lock(
    connection: AsyncConnection, ids: Sequence[UUID], *, status: Collection[Status]
) -> list[UUID]:
    """Lock those of ``ids`` that have such a status and that nobody else has locked.

    Whoever waited for one while it holds others could wait for ever.
    """
    statement = (
        select(Task.id)
        .where(Task.id.in_(ids), Task.status.in_(status))
        .with_for_update(skip_locked=True)
    )
    return list((await connection.execute(statement)).scalars())


async def unchanged(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Transition]:
    """How those of ``ids`` are that there are."""
    rows = (await connection.execute(select(*_TRANSITION).where(Task.id.in_(ids)))).all()
    return {row.id: _transition(row, changed=False) for row in rows}


async def _keep(
    connection: AsyncConnection, rows: Sequence[_Row], *, now: datetime, shard: int
) -> None:
    """Remember this outcome of tasks for when they run again, and count it.

    All of them ended in the same status.
    """
    if not rows:
        return
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
    # In one order, as outcomes are counted, so that nobody waits in a circle.
    for queue, count in sorted(Counter(row.queue for row in rows).items()):
        new = dialect.insert(QueueStat).values({"queue": queue, "shard": shard, counter.key: count})
        await connection.execute(
            new.on_conflict_do_update(
                index_elements=[QueueStat.queue, QueueStat.shard],
                set_={counter.key: counter + count},
            )
        )


def _transition(row: _Row, *, changed: bool) -> Transition:
    return Transition(
        status=Status(row.status),
        queue=row.queue,
        priority=row.priority,
        user_id=row.user_id,
        provider=row.provider,
        batch_id=row.batch_id,
        lease=row.lease or 0,
        changed=changed,
    )
