"""Accepting tasks that an earlier one may stand for: by an idempotency key, or as it is unique.

Three steps of one transaction: claim the keys, insert the tasks that hold theirs, find the open
twins of those that were not inserted. It waits for other transactions in one order (first the keys,
then what is unique, each sorted), so that batches of several processes never wait in a circle.

The functions take a plain connection: the caller's own transaction may be of either kind. On one of
asyncio they are called by its ``run_sync``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, update

from penstock.ledger.batches import Batches
from penstock.ledger.errors import IdempotencyKeyReusedError
from penstock.ledger.models import IdempotencyKeyRow, Task
from penstock.ledger.records import Accepted, IdempotencyKey, NewTask, Origin

Identity = tuple[str, str]
"""Principal, key."""


def accept(
    connection: Connection, batches: Batches, tasks: Sequence[NewTask], *, now: datetime
) -> list[Accepted | IdempotencyKeyReusedError]:
    """Insert those tasks that no earlier one stands for; repeating it changes nothing.

    Of tasks with one key in ``tasks`` themselves, the first counts.

    Returns:
        For each, in order, the task that it is answered with, or that its key was used before for
        something else; then nothing is written for it.
    """
    holders = _claim_keys(connection, batches, tasks, now=now)
    mine = [each for each in tasks if each.key is None or _holds(each, holders)]
    twins = _insert(connection, batches, mine)
    for each in mine:
        if each.key is not None and each.id in twins:
            _point(connection, each.key, to=twins[each.id])
    return [_answer(each, holders, twins) for each in tasks]


def earlier(
    connection: Connection, task: NewTask, *, now: datetime
) -> Accepted | IdempotencyKeyReusedError | None:
    """What a task would be answered with if an earlier one stands for it; writes nothing."""
    if task.key is not None:
        statement = select(IdempotencyKeyRow.fingerprint, IdempotencyKeyRow.task_id).where(
            _is(task.key), IdempotencyKeyRow.expires_at > now
        )
        if row := connection.execute(statement).one_or_none():
            return _held(task.key, row.fingerprint, row.task_id)
    if task.unique_key is not None:
        found = select(Task.id).where(
            Task.unique_key == task.unique_key, Task.finished_at.is_(None)
        )
        if twin := connection.execute(found).scalar():
            return Accepted(twin, Origin.EXISTING)
    return None


def forget(connection: Connection, key: IdempotencyKey, *, task_id: UUID) -> None:
    """Give a key up that stands for a task which was removed."""
    connection.execute(
        delete(IdempotencyKeyRow).where(_is(key), IdempotencyKeyRow.task_id == task_id)
    )


def _claim_keys(
    connection: Connection, batches: Batches, tasks: Iterable[NewTask], *, now: datetime
) -> dict[Identity, tuple[str, UUID]]:
    """The fingerprint and the task of each key, after it was claimed for the first with it."""
    claims: dict[Identity, tuple[IdempotencyKey, UUID]] = {}
    for each in tasks:
        if each.key is not None:
            claims.setdefault(_identity(each.key), (each.key, each.id))
    if not claims:
        return {}
    rows = connection.execute(*batches.key_claim(list(claims.values()), now=now)).all()
    return {(row.principal, row.key): (row.fingerprint, row.task_id) for row in rows}


def _insert(connection: Connection, batches: Batches, tasks: Sequence[NewTask]) -> dict[UUID, UUID]:
    """Insert tasks; returns the open twin of each that was not, as it is unique."""
    twins: dict[UUID, UUID] = {}
    waiting = sorted(tasks, key=lambda each: each.unique_key or "")
    while waiting:
        connection.execute(*batches.insertion(waiting))
        unique = [each for each in waiting if each.unique_key is not None]
        if not unique:
            break
        statement = select(Task.id, Task.unique_key, Task.finished_at).where(
            or_(
                Task.id.in_([each.id for each in unique]),
                Task.unique_key.in_({each.unique_key for each in unique})
                & Task.finished_at.is_(None),
            )
        )
        rows = connection.execute(statement).all()
        there = {row.id for row in rows}
        open_ones = {row.unique_key: row.id for row in rows if row.finished_at is None}
        missing = [each for each in unique if each.id not in there]
        twins |= {
            each.id: open_ones[each.unique_key] for each in missing if each.unique_key in open_ones
        }
        # Their twins ended between the two statements: there is room for them now.
        waiting = [each for each in missing if each.id not in twins]
    return twins


def _point(connection: Connection, key: IdempotencyKey, *, to: UUID) -> None:
    connection.execute(update(IdempotencyKeyRow).where(_is(key)).values(task_id=to))


def _answer(
    task: NewTask, holders: Mapping[Identity, tuple[str, UUID]], twins: Mapping[UUID, UUID]
) -> Accepted | IdempotencyKeyReusedError:
    if task.key is not None and not _holds(task, holders):
        fingerprint, holder = holders[_identity(task.key)]
        return _held(task.key, fingerprint, twins.get(holder, holder))
    if task.id in twins:
        return Accepted(twins[task.id], Origin.EXISTING)
    return Accepted(task.id)


def _held(
    key: IdempotencyKey, fingerprint: str, task_id: UUID
) -> Accepted | IdempotencyKeyReusedError:
    if fingerprint != key.fingerprint:
        return IdempotencyKeyReusedError(key.key)
    return Accepted(task_id, Origin.REPLAYED)


def _holds(task: NewTask, holders: Mapping[Identity, tuple[str, UUID]]) -> bool:
    return task.key is not None and holders[_identity(task.key)][1] == task.id


def _identity(key: IdempotencyKey) -> Identity:
    return key.principal, key.key


def _is(key: IdempotencyKey) -> ColumnElement[bool]:
    row = IdempotencyKeyRow
    return and_(row.principal == key.principal, row.key == key.key)
