"""The ledger: the truth about every task.

The statements that differ between databases are in :mod:`penstock.ledger.queries`; the ways to
hand them a batch, in :mod:`penstock.ledger.batches`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import CompoundSelect, Connection, Row, Select, literal, select, tuple_, union_all
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import func

from penstock.declarations import Priority
from penstock.ledger import transitions
from penstock.ledger.batch_table import BatchTable
from penstock.ledger.batches import batches_for
from penstock.ledger.database import Database
from penstock.ledger.errors import TwinOpenError, TwinPendingError, repeated_if_cut, waited_in_vain
from penstock.ledger.group_commit import GroupCommit
from penstock.ledger.identity import identity
from penstock.ledger.keyed_tasks import KeyedTasks, is_keyed
from penstock.ledger.models import ArtifactRow, CheckpointRow, OwnerRow, QueueStat, Task
from penstock.ledger.open_tasks import OPEN_TASKS, open_task
from penstock.ledger.records import (
    Accepted,
    CancelWish,
    Checkpoint,
    ClaimedTask,
    EndedCounts,
    Failure,
    NewTask,
    OpenTask,
    Outcome,
    RefusedStart,
    StartedTask,
    Status,
    StoredArtifact,
    TaskRecord,
    Transition,
)

_Change = Callable[[AsyncConnection, Sequence[UUID]], Awaitable[dict[UUID, Transition]]]
# Clocks of hosts differ a little: a task that Redis calls due is not sent back for less than this.
_CLOCK_TOLERANCE = timedelta(seconds=1)


class Ledger:
    """Reads and writes of tasks.

    Every method raises :class:`~penstock.ledger.errors.LedgerUnavailableError` if the database is
    away.

    Args:
        url: see :class:`~penstock.ledger.database.Database`.
        shard: which of a queue's counters this process adds to, from 0 to 15.
    """

    def __init__(self, url: str, *, shard: int = 0) -> None:
        self.database = Database(url)
        self._batches = batches_for(self.database.dialect, shard=shard)
        self._shard = shard
        self.batches = BatchTable(
            self.database, insert_tasks=self._batches.insert_tasks, shard=shard
        )
        self._inserts = GroupCommit(self._insert, writers=self.database.writers)
        self.keyed = KeyedTasks(self.database, self._batches)
        self._checkpoints = GroupCommit(self._save_checkpoints)

    async def close(self) -> None:
        """Finish the writes under way, and close all connections."""
        await self._inserts.close()
        await self.keyed.close()
        await self._checkpoints.close()
        await self.database.close()

    async def ping(self) -> None:
        """Return if the database answers, and has been set up."""
        async with self.database.read("answer") as connection:
            # The newest table: without it the code is ahead of the migrations.
            await connection.execute(select(OwnerRow.id).limit(1))

    @repeated_if_cut
    async def identity(self) -> tuple[object, ...]:
        """Which database this is; see :func:`penstock.ledger.identity.identity`."""
        async with self.database.read("say which database this is") as connection:
            return await connection.run_sync(identity)

    # -- the protocol ----------------------------------------------------------------------------

    async def accept(self, task: NewTask) -> Accepted:
        """Insert a task as pending, with the rows of its files; on return both are committed.

        Tasks that arrive together share a transaction. Repeating it changes nothing.

        Returns:
            The task that it is answered with: an earlier one if its key was used before, or if it
            is unique and one is open. Then nothing is written, its files included.

        Raises:
            IdempotencyKeyReusedError: its key was used before for something else.
            TwinPendingError: another transaction, which takes its time, may be about to write one.
            sqlalchemy.exc.DBAPIError: the database refused this very row.
        """
        if is_keyed(task):
            return await self.keyed.accept(task)
        await self._inserts.add(task)
        return Accepted(task.id)

    async def accept_all(self, tasks: Sequence[NewTask]) -> Sequence[Accepted]:
        """Insert tasks in one transaction: all of them or none; see :meth:`accept`."""
        if any(map(is_keyed, tasks)):
            return await self.keyed.accept_all(tasks)
        await self._insert(tasks)
        return [Accepted(each.id) for each in tasks]

    def accept_within(self, connection: Connection, task: NewTask) -> Accepted:
        """Insert a task, without files, as part of the caller's transaction; see :meth:`accept`.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: whatever the database says; the caller knows what to do.
        """
        if is_keyed(task):
            return self.keyed.accept_within(connection, task)
        connection.execute(*self._batches.insertion([task]))
        return Accepted(task.id)

    @repeated_if_cut
    async def _insert(self, tasks: Sequence[NewTask]) -> Sequence[None]:
        files = [file for task in tasks for file in task.files]
        if files:
            async with self.database.write("store new tasks") as connection:
                await self._batches.insert_tasks(connection, tasks)
                await self._batches.insert_artifacts(connection, files, now=_now())
        else:
            await self._batches.store_tasks(self.database, tasks)
        return [None] * len(tasks)

    @repeated_if_cut
    async def start(
        self, claims: Sequence[ClaimedTask], *, worker: str
    ) -> tuple[list[StartedTask], list[RefusedStart]]:
        """The start gate: open a run of each claimed task that may start.

        A call that failed may be repeated, however much of it was committed: it opens each run
        once.

        Returns:
            The runs that were opened, and the tasks that may not start with the reason.
        """
        now = _now()
        started = await self._batches.start_tasks(
            self.database, claims, worker=worker, now=now, due=now + _CLOCK_TOLERANCE
        )
        opened = {task.id for task in started}
        refused = [each for each in claims if each.id not in opened]
        if not refused:
            return started, []
        async with self.database.write("look up why tasks may not start") as connection:
            return started, await self._refusals(connection, refused, now)

    async def _refusals(
        self, connection: AsyncConnection, claims: Sequence[ClaimedTask], now: datetime
    ) -> list[RefusedStart]:
        statement = select(
            Task.id,
            Task.status,
            Task.run_at,
            Task.lease,
            Task.batch_id,
            Task.cancel_requested_at,
            transitions.is_overdue(now).label("is_overdue"),
        ).where(Task.id.in_([each.id for each in claims]))
        found = {row.id: row for row in await connection.execute(statement)}
        too_late = await transitions.end_overdue(
            connection,
            [row.id for row in found.values() if row.is_overdue],
            orphans=[each.id for each in claims if each.orphan],
            now=now,
            shard=self._shard,
        )
        refusals = []
        for claim in claims:
            row = found.get(claim.id)
            if row is None:
                refusals.append(RefusedStart(id=claim.id, status=None, run_at=None))
                continue
            status = Status.FAILED if row.id in too_late else Status(row.status)
            if row.cancel_requested_at is not None and status is Status.RUNNING:
                # Whoever ran it was told, and did not live to write it down.
                await transitions.finish_cancel(connection, claim.id, now=now, shard=self._shard)
                status = Status.CANCELLED
            stale = row.lease is not None and row.lease > claim.lease
            refusals.append(
                RefusedStart(
                    id=claim.id,
                    status=status,
                    run_at=row.run_at,
                    batch_id=row.batch_id,
                    stale=stale,
                )
            )
        return refusals

    @repeated_if_cut
    async def estimates(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        """How many units of their provider tasks use, as estimated; 1 where nothing was said."""
        statement = select(Task.id, Task.units).where(Task.id.in_(ids))
        async with self.database.read("look up estimates") as connection:
            rows = (await connection.execute(statement)).all()
        return {row.id: row.units or 1 for row in rows}

    @repeated_if_cut
    async def record(self, outcomes: Sequence[Outcome]) -> dict[tuple[UUID, int], Status]:
        """Record how runs ended, in one transaction; to repeat that changes nothing.

        Returns:
            The status of each task and run whose outcome was recorded, now or before: that of the
            outcome, or ``cancelled`` where somebody wanted that and the task was to run again,
            ``failed`` where its deadline leaves no time for that. The other runs were superseded,
            and their outcome is dropped.
        """
        recorded = await self._batches.record_outcomes(self.database, outcomes)
        others = [each for each in outcomes if (each.id, each.run) not in recorded]
        return recorded | await self._recorded_before(others) if others else recorded

    async def _recorded_before(self, outcomes: Sequence[Outcome]) -> dict[tuple[UUID, int], Status]:
        """Those that a call has recorded whose answer nobody heard; by the moment of their end."""
        ids = {each.id for each in outcomes}
        written = select(Task.id, Task.run, Task.status, Task.updated_at).where(Task.id.in_(ids))
        async with self.database.read("look up outcomes") as connection:
            rows = {row.id: row for row in await connection.execute(written)}
        return {
            (each.id, each.run): Status(row.status)
            for each in outcomes
            if (row := rows.get(each.id))
            and (row.run, row.updated_at) == (each.run, each.finished_at)
            and row.status != Status.RUNNING
        }

    async def cancel(self, task_id: UUID, *, reason: str) -> Transition | None:
        """:meth:`cancel_all` for one task; nothing if there is no such task."""
        return (await self.cancel_all([task_id], reason=reason)).get(task_id)

    @repeated_if_cut
    async def cancel_all(self, ids: Sequence[UUID], *, reason: str) -> dict[UUID, Transition]:
        """Cancel pending tasks; ask for the cancellation of running ones.

        Returns:
            Of each of ``ids`` that there is: ``cancelled`` if it was pending; ``running`` if its
            worker has to be told; its status, unchanged, if it has ended already.
        """

        async def change(
            connection: AsyncConnection, some: Sequence[UUID]
        ) -> dict[UUID, Transition]:
            return await transitions.cancel(
                connection, some, reason=reason, now=_now(), shard=self._shard
            )

        return await self._change("cancel tasks", ids, transitions.OPEN, change)

    @repeated_if_cut
    async def cancel_waiting(
        self, queue: str, *, until: UUID, limit: int, reason: str
    ) -> list[OpenTask]:
        """Cancel pending tasks of a queue; returns which, as they were.

        Args:
            queue: its name.
            until: no task with a larger id.
            limit: how many at most; if there are fewer, no others wait.
            reason: for people.
        """
        statement = (
            OPEN_TASKS.where(Task.queue == queue, Task.status == Status.PENDING, Task.id <= until)
            .order_by(Task.priority, Task.id)
            .limit(limit)
            # What is locked is just being started.
            .with_for_update(skip_locked=True)
        )
        async with self.database.write("cancel waiting tasks") as connection:
            rows = (await connection.execute(statement)).all()
            if rows:
                ids = [row.id for row in rows]
                await transitions.cancel(
                    connection, ids, reason=reason, now=_now(), shard=self._shard
                )
        return [open_task(row) for row in rows]

    @repeated_if_cut
    async def cancel_wishes(self, ids: Sequence[UUID]) -> dict[UUID, CancelWish]:
        """Which runs of ``ids`` shall be cancelled, and why, in the words of who asked."""
        statement = select(Task.id, Task.run, Task.cancel_reason).where(
            Task.id.in_(ids), Task.cancel_requested_at.is_not(None)
        )
        async with self.database.read("look up why to cancel") as connection:
            return {
                row.id: CancelWish(row.run, row.cancel_reason)
                for row in await connection.execute(statement)
            }

    async def retry(self, task_id: UUID) -> Transition | None:
        """:meth:`retry_all` for one task; nothing if there is no such task."""
        return (await self.retry_all([task_id])).get(task_id)

    async def retry_all(self, ids: Sequence[UUID]) -> dict[UUID, Transition]:
        """Let failed and cancelled tasks begin anew: with all attempts, and their checkpoints.

        Their earlier outcomes stay in ``task_attempt``; their times-to-live count no more.

        Returns:
            Of each of ``ids`` that there is: ``pending`` if it was changed; its status, unchanged,
            if it is open or has succeeded, if its deadline has passed, or if it is one of several
            and unique, and another one of its type, user and input is open or about to be.

        Raises:
            TwinOpenError: the only one of ``ids`` is unique, and another one is open.
            TwinPendingError: the same, and another transaction may be about to write one.
        """

        async def change(
            connection: AsyncConnection, some: Sequence[UUID]
        ) -> dict[UUID, Transition]:
            # It holds up to all of them while it waits for a twin.
            await self.keyed.bound_wait(connection)
            return await transitions.retry(connection, some, now=_now())

        try:
            found = await self._change("run tasks again", ids, transitions.UNSUCCESSFUL, change)
        except IntegrityError as error:
            if len(ids) == 1:
                raise TwinOpenError(ids[0], await self._open_twin(ids[0])) from error
            return await self._retry_singly(ids)
        except DBAPIError as error:
            if not waited_in_vain(error):
                raise
            if len(ids) == 1:
                raise TwinPendingError from error
            return await self._retry_singly(ids)
        return {
            task_id: msgspec.structs.replace(
                task, too_late=not task.changed and task.status in transitions.UNSUCCESSFUL
            )
            for task_id, task in found.items()
        }

    async def _retry_singly(self, ids: Sequence[UUID]) -> dict[UUID, Transition]:
        """:meth:`retry_all` where a twin of one of ``ids`` undid it for all."""
        found: dict[UUID, Transition] = {}
        for task_id in ids:
            try:
                found |= await self.retry_all([task_id])
            except (TwinOpenError, TwinPendingError):
                async with self.database.read("look up a task") as connection:
                    found |= await transitions.unchanged(connection, [task_id])
        return found

    async def _open_twin(self, task_id: UUID) -> UUID | None:
        unique_key = select(Task.unique_key).where(Task.id == task_id).scalar_subquery()
        statement = select(Task.id).where(
            Task.unique_key == unique_key, Task.finished_at.is_(None), Task.id != task_id
        )
        async with self.database.read("look for an open twin") as connection:
            return (await connection.execute(statement)).scalar()

    async def _change(
        self, what: str, ids: Sequence[UUID], status: Collection[Status], change: _Change
    ) -> dict[UUID, Transition]:
        """Change those of ``ids`` that have such a ``status``; returns all that there are.

        In one transaction, but for those that another one has locked.
        """
        async with self.database.write(what) as connection:
            # One alone may wait for whoever has it.
            free = ids if len(ids) == 1 else await transitions.lock(connection, ids, status=status)
            found = await change(connection, free) if free else {}
            if rest := [each for each in ids if each not in found]:
                found |= await transitions.unchanged(connection, rest)
        if len(ids) > 1:
            for task_id in rest:
                if task_id in found and found[task_id].status in status:
                    found |= await self._change(what, [task_id], status, change)
        return found

    async def report_progress(self, reports: Sequence[tuple[UUID, int, float, str]]) -> None:
        """Show how far runs are: (task, run, percent, message)."""
        async with self.database.statement("record progress") as connection:
            await self._batches.record_progress(connection, reports, now=_now())

    # -- what the reconciler asks -----------------------------------------------------------------

    @repeated_if_cut
    async def end_overdue(self, *, limit: int) -> list[OpenTask]:
        """Fail tasks that wait though their time is over; returns which, as they were.

        Args:
            limit: how many at most of those whose time-to-live has ended, and of those whose
                deadline has passed; if there are fewer, no others are overdue.
        """
        now = _now()
        rows: list[Row[*tuple[Any, ...]]] = []
        # Each has an index of its own.
        for time in (Task.expires_at, Task.deadline):
            overdue = (
                OPEN_TASKS.where(
                    Task.status == Status.PENDING, time <= now, transitions.is_overdue(now)
                )
                .order_by(time)
                .limit(limit)
            )
            # Nearly always there are none, which is seen without a lock.
            async with self.database.read("look for overdue tasks") as connection:
                if (await connection.execute(overdue)).first() is None:
                    continue
            # What is locked is just being started.
            unlocked = overdue.with_for_update(skip_locked=True)
            async with self.database.write("end overdue tasks") as connection:
                found = (await connection.execute(unlocked)).all()
                ended = await transitions.end_overdue(
                    connection, [row.id for row in found], now=now, shard=self._shard
                )
            rows += [row for row in found if row.id in ended]
        return [open_task(row) for row in rows]

    async def open_tasks(
        self, queue: str, *, after: tuple[int, UUID], limit: int, priority: int | None = None
    ) -> list[OpenTask]:
        """The next open rows of a queue, by priority (low first) and id.

        Args:
            queue: its name.
            after: priority and id of the last row seen.
            limit: how many at most.
            priority: only rows of this one.
        """
        last = tuple_(literal(after[0]), literal(after[1], Task.id.type))
        statement = (
            OPEN_TASKS.where(Task.queue == queue, tuple_(Task.priority, Task.id) > last)
            .order_by(Task.priority, Task.id)
            .limit(limit)
        )
        if priority is not None:
            statement = statement.where(Task.priority == priority)
        return await self._open_tasks(statement)

    async def open_tasks_between(
        self, queue: str, *, after: UUID, until: UUID, limit: int
    ) -> list[OpenTask]:
        """The next open rows of a queue by id, from above ``after`` up to ``until``."""
        place = tuple_(Task.priority, Task.id)
        # The index of open rows has each priority in the order of ids. A page for each is read
        # there, whatever the planner knows of the table; it would look at all of a backlog, or at
        # all that have ended meanwhile, to find one page for all of them.
        pages = [
            OPEN_TASKS.where(
                Task.queue == queue,
                place > tuple_(literal(priority.value), literal(after, Task.id.type)),
                place <= tuple_(literal(priority.value), literal(until, Task.id.type)),
            )
            .order_by(Task.priority, Task.id)
            .limit(limit)
            .subquery()
            for priority in Priority
        ]
        statement = union_all(*map(select, pages)).order_by("id").limit(limit)
        return await self._open_tasks(statement)

    async def still_open(self, ids: Sequence[UUID]) -> list[OpenTask]:
        """Those of ``ids`` that are open now."""
        return await self._open_tasks(OPEN_TASKS.where(Task.id.in_(ids)))

    @repeated_if_cut
    async def _open_tasks(
        self, statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
    ) -> list[OpenTask]:
        async with self.database.read("audit tasks") as connection:
            rows = (await connection.execute(statement)).all()
        return [open_task(row) for row in rows]

    # -- looking ---------------------------------------------------------------------------------

    @repeated_if_cut
    async def find(self, task_id: UUID) -> TaskRecord | None:
        """The task of that id, if there is one."""
        async with self.database.read("look up a task") as connection:
            row = (
                await connection.execute(select(Task.__table__).where(Task.id == task_id))
            ).one_or_none()
        return None if row is None else _record(row)

    @repeated_if_cut
    async def find_all(self, ids: Collection[UUID]) -> dict[UUID, TaskRecord]:
        """Those of the tasks that there are, by id."""
        statement = select(Task.__table__).where(Task.id.in_(ids))
        async with self.database.read("look up tasks") as connection:
            rows = (await connection.execute(statement)).all()
        return {row.id: _record(row) for row in rows}

    @repeated_if_cut
    async def last_changes(self, ids: Collection[UUID]) -> dict[UUID, datetime]:
        """When the rows of tasks were last written to; cheaper than to read them."""
        statement = select(Task.id, Task.updated_at).where(Task.id.in_(ids))
        async with self.database.read("look for changed tasks") as connection:
            rows = (await connection.execute(statement)).all()
        return {row.id: row.updated_at for row in rows}

    @repeated_if_cut
    async def ended_counts(self) -> dict[str, EndedCounts]:
        """How many tasks ended how, by queue."""
        statement = select(
            QueueStat.queue,
            func.sum(QueueStat.completed).label("completed"),
            func.sum(QueueStat.failed).label("failed"),
            func.sum(QueueStat.cancelled).label("cancelled"),
        ).group_by(QueueStat.queue)
        async with self.database.read("count ended tasks") as connection:
            rows = (await connection.execute(statement)).all()
        return {
            row.queue: EndedCounts(
                completed=int(row.completed), failed=int(row.failed), cancelled=int(row.cancelled)
            )
            for row in rows
        }

    @repeated_if_cut
    async def open_queues(self) -> list[str]:
        """The queues that have open tasks, whoever declares them; bounded by how many there are."""
        is_open = Task.finished_at.is_(None)
        # From one queue to the next in the index: DISTINCT would read the entries of all tasks.
        found = select(func.min(Task.queue).label("queue")).where(is_open).cte(recursive=True)
        following = select(func.min(Task.queue)).where(is_open, Task.queue > found.c.queue)
        found = found.union_all(
            select(following.scalar_subquery()).where(found.c.queue.is_not(None))
        )
        statement = select(found.c.queue).where(found.c.queue.is_not(None))
        async with self.database.read("look for open queues") as connection:
            return list((await connection.execute(statement)).scalars())

    @repeated_if_cut
    async def count_pending(self, queue: str, *, most: int, user_id: str | None = None) -> int:
        """How many tasks of a queue are pending; it counts no further than ``most``.

        Args:
            queue: its name.
            most: bounds the work.
            user_id: only those of this user.
        """
        pending = select(literal(1)).where(
            Task.queue == queue, Task.finished_at.is_(None), Task.status == Status.PENDING.value
        )
        if user_id is not None:
            pending = pending.where(Task.user_id == user_id)
        statement = select(func.count()).select_from(pending.limit(most).subquery())
        async with self.database.read("count pending tasks") as connection:
            return int((await connection.execute(statement)).scalar_one())

    # -- checkpoints -----------------------------------------------------------------------------

    async def save_checkpoint(self, checkpoint: Checkpoint) -> bool:
        """Keep a checkpoint; on return it is committed. Those that arrive together share a batch.

        Returns:
            False if its run was superseded or has ended: then nothing was written.

        Raises:
            sqlalchemy.exc.DBAPIError: the database refused this very value.
        """
        return await self._checkpoints.add(checkpoint)

    @repeated_if_cut
    async def _save_checkpoints(self, checkpoints: Sequence[Checkpoint]) -> Sequence[bool]:
        keys = [(each.task_id, each.run, each.name) for each in checkpoints]
        # No statement may write a row twice; of two values, the later one counts.
        latest = dict(zip(keys, checkpoints, strict=True))
        async with self.database.statement("save checkpoints") as connection:
            saved = await self._batches.save_checkpoints(
                connection, list(latest.values()), now=_now()
            )
        return [key in saved for key in keys]

    @repeated_if_cut
    async def find_checkpoint(self, task_id: UUID, name: str) -> Checkpoint | None:
        """What the task saved last under that name, if it saved anything."""
        statement = select(CheckpointRow.run, CheckpointRow.data).where(
            CheckpointRow.task_id == task_id, CheckpointRow.name == name
        )
        async with self.database.read("load a checkpoint") as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            return None
        return Checkpoint(task_id=task_id, run=row.run, name=name, data=row.data)

    # -- artifacts -------------------------------------------------------------------------------

    @repeated_if_cut
    async def add_artifact(self, artifact: StoredArtifact) -> None:
        """Remember a stored file; repeating it changes nothing."""
        async with self.database.write("remember an artifact") as connection:
            await self._batches.insert_artifacts(connection, [artifact], now=_now())

    @repeated_if_cut
    async def find_artifact(self, artifact_id: UUID) -> StoredArtifact | None:
        """The stored file of that id, if there is one."""
        statement = select(ArtifactRow.__table__).where(ArtifactRow.id == artifact_id)
        async with self.database.read("look up an artifact") as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            return None
        return StoredArtifact(
            id=row.id,
            task_id=row.task_id,
            name=row.name,
            content_type=row.content_type,
            size=row.size,
            sha256=row.sha256,
        )


def _now() -> datetime:
    return datetime.now(UTC)


def _record(row: Row[Any]) -> TaskRecord:
    return TaskRecord(
        id=row.id,
        type=row.type,
        queue=row.queue,
        status=Status(row.status),
        priority=row.priority,
        user_id=row.user_id,
        provider=row.provider,
        progress=row.progress,
        progress_message=row.progress_message,
        attempts=row.attempts,
        max_attempts=row.max_attempts,
        input=msgspec.Raw(row.input.encode()),
        result=None if row.result is None else msgspec.Raw(row.result.encode()),
        error=None
        if row.error_code is None
        else Failure(row.error_code, row.error_message or "", row.error_type or ""),
        created_at=row.created_at,
        run_at=row.run_at,
        expires_at=row.expires_at,
        deadline=row.deadline,
        parent_id=row.parent_id,
        batch_id=row.batch_id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        cancel_requested_at=row.cancel_requested_at,
        updated_at=row.updated_at,
    )
