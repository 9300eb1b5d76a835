"""What the engine is told of a row of the ledger."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from penstock.declarations import Priority
from penstock.engine import Entry, Member
from penstock.ledger import NewTask, OpenTask, Status, TaskRecord

_NOW = timedelta(0)


def member_of(task_id: UUID, user_id: str | None, provider: str | None) -> Member:
    """The engine's name of a task."""
    return Member(task_id, user_id or "", provider or "")


def members_of(tasks: Iterable[OpenTask]) -> list[Member]:
    """The engine's names of open rows."""
    return [member_of(each.id, each.user_id, each.provider) for each in tasks]


def waiting_entry(task: NewTask | OpenTask | TaskRecord) -> Entry:
    """A row that waits, as the engine takes it."""
    delay = _NOW if task.run_at is None else max(task.run_at - datetime.now(UTC), _NOW)
    member = member_of(task.id, task.user_id, task.provider)
    return Entry(member=member, priority=Priority(task.priority), delay=delay)


def entry_of(task: OpenTask | TaskRecord) -> Entry:
    """An open row as the engine takes it.

    What runs is leased to whoever runs it: its worker is heard of within a lease, or was lost.
    """
    if task.status is not Status.RUNNING:
        return waiting_entry(task)
    member = member_of(task.id, task.user_id, task.provider)
    return Entry(member=member, priority=Priority(task.priority), kind="running")
