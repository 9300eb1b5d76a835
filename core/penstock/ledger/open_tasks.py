"""Rows that are not finished, as those read them who tell the engine."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from penstock.ledger.models import Task
from penstock.ledger.records import OpenTask, Status

OPEN_TASKS = select(
    Task.id,
    Task.queue,
    Task.status,
    Task.priority,
    Task.run,
    Task.user_id,
    Task.provider,
    Task.batch_id,
    Task.run_at,
    Task.cancel_requested_at,
    Task.updated_at,
).where(Task.finished_at.is_(None))


def open_task(row: Row[*tuple[Any, ...]]) -> OpenTask:
    """A row of :data:`OPEN_TASKS`."""
    return OpenTask(
        id=row.id,
        queue=row.queue,
        status=Status(row.status),
        priority=row.priority,
        run=row.run,
        user_id=row.user_id,
        provider=row.provider,
        batch_id=row.batch_id,
        run_at=row.run_at,
        cancel_requested=row.cancel_requested_at is not None,
        updated_at=row.updated_at,
    )
