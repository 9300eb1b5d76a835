"""What a task costs without the ledger: its hot statements do nothing, in this benchmark alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from benchmarks.peers.penstock.plugin import NOOP, QUEUE
from penstock.ledger import (
    Accepted,
    ClaimedTask,
    Ledger,
    NewTask,
    Outcome,
    RefusedStart,
    StartedTask,
    Status,
)


def silence(ledger: Ledger) -> None:
    """Let accepting, starting and recording succeed at once; the rest goes to the database."""
    vars(ledger).update(accept=_accept, accept_all=_accept_all, start=_start, record=_record)


async def _accept(task: NewTask) -> Accepted:
    return Accepted(task.id)


async def _accept_all(tasks: Sequence[NewTask]) -> Sequence[Accepted]:
    return [Accepted(each.id) for each in tasks]


async def _start(
    claims: Sequence[ClaimedTask], *, worker: str
) -> tuple[list[StartedTask], list[RefusedStart]]:
    del worker
    now = datetime.now(UTC)
    return [_task(each.id, now) for each in claims], []


async def _record(outcomes: Sequence[Outcome]) -> dict[tuple[UUID, int], Status]:
    return {(each.id, each.run): each.status for each in outcomes}


def _task(task_id: UUID, now: datetime) -> StartedTask:
    return StartedTask(
        id=task_id,
        type=NOOP,
        queue=QUEUE,
        run=1,
        attempts=1,
        max_attempts=3,
        losses=0,
        priority=5,
        user_id=None,
        input='{"number":0}',
        labels=None,
        started_at=now,
        provider=None,
        units=None,
    )
