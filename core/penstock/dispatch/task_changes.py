"""Cancelling tasks and running them again, many at once: ledger first, then engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from penstock.declarations import Priority
from penstock.dispatch.entries import member_of
from penstock.dispatch.handover import Handover
from penstock.dispatch.stops import Stop, Stops
from penstock.engine import Entry
from penstock.ledger import Ledger, Status, TaskFilter, TaskList, Transition

MOST_AT_ONCE = 1_000
"""How many tasks one request changes."""
CANCELLABLE = frozenset({Status.PENDING, Status.RUNNING})
RETRYABLE = frozenset({Status.FAILED, Status.CANCELLED})
# How many rows one transaction locks.
_STEP = 500


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the tasks that somebody's filter found.

    ``next`` is where to go on: the tasks that are left have smaller ids. Nothing, if none are.
    """

    found: dict[UUID, Transition]
    next: UUID | None


class TaskChanges:
    """Changes tasks by their ids, and those that a filter finds.

    Every method raises :class:`~penstock.ledger.LedgerUnavailableError` if the database is away;
    of several steps, those before it are done then, and repeating the call changes nothing of them.

    Args:
        stops: tells of what is cancelled.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        handover: Handover,
        stops: Stops,
    ) -> None:
        self._ledger = ledger
        self._handover = handover
        self._stops = stops
        self._tasks = TaskList(ledger.database)

    async def cancel(self, ids: Sequence[UUID], *, reason: str) -> dict[UUID, Transition]:
        """Cancel tasks; see :meth:`penstock.dispatch.Dispatch.cancel_all`."""
        found: dict[UUID, Transition] = {}
        for step in _steps(ids):
            told = await self._ledger.cancel_all(step, reason=reason)
            await self._stop(told)
            found |= told
        return _in_order(ids, found)

    async def retry(self, ids: Sequence[UUID]) -> dict[UUID, Transition]:
        """Run tasks again; see :meth:`penstock.dispatch.Dispatch.retry_all`."""
        found: dict[UUID, Transition] = {}
        for step in _steps(ids):
            changed = await self._ledger.retry_all(step)
            for task_id, task in changed.items():
                if task.changed:
                    member = member_of(task_id, task.user_id, task.provider)
                    entry = Entry(
                        member=member,
                        priority=Priority(task.priority),
                        kind="again",
                        lease=task.lease,
                    )
                    self._handover.add(task.queue, entry)
            found |= changed
        return _in_order(ids, found)

    async def cancel_found(
        self, wanted: TaskFilter, *, before: UUID | None, limit: int, reason: str
    ) -> Swept:
        """Cancel the newest tasks that a filter finds; see ``Dispatch.cancel_found``."""
        ids, following = await self._find(wanted, CANCELLABLE, before=before, limit=limit)
        return Swept(found=await self.cancel(ids, reason=reason), next=following)

    async def retry_found(self, wanted: TaskFilter, *, before: UUID | None, limit: int) -> Swept:
        """Run the newest tasks again that a filter finds; see ``Dispatch.retry_found``."""
        ids, following = await self._find(wanted, RETRYABLE, before=before, limit=limit)
        return Swept(found=await self.retry(ids), next=following)

    async def _find(
        self, wanted: TaskFilter, status: frozenset[Status], *, before: UUID | None, limit: int
    ) -> tuple[list[UUID], UUID | None]:
        """Which tasks of such a ``status`` a filter finds, and where the next ones are."""
        some = wanted.status & status if wanted.status else status
        if not some:
            return [], None
        narrowed = msgspec.structs.replace(wanted, status=some)
        page = await self._tasks.page(narrowed, before=before, limit=limit)
        return [task.id for task in page.tasks], page.next

    async def _stop(self, found: Mapping[UUID, Transition]) -> None:
        """Take cancelled tasks out of line, and tell the workers of those that run."""
        await self._stops.tell(
            Stop(
                task.queue,
                member_of(task_id, task.user_id, task.provider),
                task.status is Status.RUNNING,
                task.batch_id,
            )
            for task_id, task in found.items()
            if task.changed
        )


def _in_order(ids: Sequence[UUID], found: Mapping[UUID, Transition]) -> dict[UUID, Transition]:
    return {task_id: found[task_id] for task_id in ids if task_id in found}


def _steps(ids: Sequence[UUID]) -> list[Sequence[UUID]]:
    unique = list(dict.fromkeys(ids))
    return [unique[start : start + _STEP] for start in range(0, len(unique), _STEP)]
