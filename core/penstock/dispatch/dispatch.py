"""Taking tasks and looking them up: ledger first, then engine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
from sqlalchemy.exc import DBAPIError

from penstock.declarations import PenstockError, Priority
from penstock.dispatch.admission import Admission
from penstock.dispatch.entries import member_of
from penstock.dispatch.errors import InvalidInputError
from penstock.dispatch.handover import Handover
from penstock.dispatch.health_checks import HealthChecks
from penstock.dispatch.intake import Intake, as_record
from penstock.dispatch.policies import Policies
from penstock.dispatch.status import Health, QueueStatus
from penstock.dispatch.submission import Submission
from penstock.dispatch.task_changes import Swept, TaskChanges
from penstock.engine import Engine, Entry
from penstock.ledger import (
    EndedCounts,
    Ledger,
    NewTask,
    TaskFilter,
    TaskList,
    TaskPage,
    TaskRecord,
    Transition,
)


class Dispatch:
    """The one place that holds ledger and engine together.

    Args:
        policies: the task types that may be submitted, and their queues as they are at present.
        ledger: takes the tasks.
        engine: puts them in line.
        max_input_bytes: how long the JSON of an input may be.
    """

    def __init__(
        self, *, policies: Policies, ledger: Ledger, engine: Engine, max_input_bytes: int
    ) -> None:
        self._policies = policies
        self._ledger = ledger
        self._engine = engine
        self._intake = Intake(require_open=policies.require_open, max_input_bytes=max_input_bytes)
        self._handover = Handover(engine, weights=policies.user_weights)
        self._admission = Admission(engine=engine, ledger=ledger, handover=self._handover)
        self._tasks = TaskList(ledger.database)
        self._changes = TaskChanges(
            ledger=ledger, engine=engine, handover=self._handover, weights=policies.user_weights
        )
        self._health_checks = HealthChecks()

    async def close(self) -> None:
        """Stop handing tasks over and checking services."""
        await self._handover.close()
        await self._health_checks.close()

    async def submit(self, submission: Submission) -> TaskRecord:
        """Accept a task; on return its row is committed.

        Raises:
            UnknownTaskTypeError: with the nearest known name.
            UnknownProviderError: its task type wants one of the input that nobody declares.
            DeclarationError: its task type says of the input what is no provider or estimate.
            QueueDrainingError: its queue takes no new tasks.
            InvalidInputError: the input does not fit the task type, or ``user_id`` no database;
                nothing is written.
            InputTooLargeError: it is too long; nothing is written.
            QueueFullError: no more tasks of the queue, or of the user's in it, may wait; nothing
                is written.
            LedgerUnavailableError: the database is away; nothing is promised.
        """
        catalogue = await self._policies.present()
        task = self._intake.prepare(submission, catalogue)
        async with self._admission.admitted(catalogue.queue(task.queue), task.user_id):
            try:
                await self._ledger.accept(task)
            except (DBAPIError, UnicodeError) as error:
                message = f"the database refused this task: {getattr(error, 'orig', error)}"
                raise InvalidInputError("$", message) from error
            self._hand_over(task, delay=submission.delay)
        return as_record(task)

    def _hand_over(self, task: NewTask, *, delay: timedelta | None) -> None:
        """Let the engine have a task that is committed, soon."""
        member = member_of(task.id, task.user_id, task.provider)
        entry = Entry(member=member, priority=Priority(task.priority), delay=delay or timedelta(0))
        self._handover.add(task.queue, entry)

    async def check_room(self, type_name: str, user_id: str | None) -> None:
        """Refuse early what :meth:`submit` would refuse, as its queue is full or drained.

        Raises:
            UnknownTaskTypeError: with the nearest known name.
            QueueDrainingError: see :meth:`submit`.
            QueueFullError: see :meth:`submit`.
            LedgerUnavailableError: the database had to be asked, and is away.
        """
        catalogue = await self._policies.present()
        queue = catalogue.task_type(type_name).queue
        self._policies.require_open(queue.name)
        await self._admission.check(queue, user_id)

    async def cancel(self, task_id: UUID, *, reason: str) -> Transition | None:
        """Cancel a task: at once if it waits; if it runs, its worker is told and stops it.

        Whoever writes first wins: a run that succeeds before it is stopped has succeeded.

        Args:
            task_id: which one.
            reason: for people, and for its handler: who asks, and why.

        Returns:
            ``cancelled``, or ``running`` if its worker has been told; unchanged if it has ended
            already; nothing if there is no such task.

        Raises:
            LedgerUnavailableError: the database is away; nothing is promised.
        """
        return (await self.cancel_all([task_id], reason=reason)).get(task_id)

    async def cancel_all(self, ids: Sequence[UUID], *, reason: str) -> dict[UUID, Transition]:
        """:meth:`cancel` for many tasks, in few steps; those that there are.

        Raises:
            LedgerUnavailableError: the database is away; some of them may be cancelled.
        """
        return await self._changes.cancel(ids, reason=reason)

    async def cancel_found(
        self, wanted: TaskFilter, *, before: UUID | None, limit: int, reason: str
    ) -> Swept:
        """:meth:`cancel` for the newest tasks that ``wanted`` finds and that can be cancelled.

        Args:
            wanted: which ones.
            before: only tasks with smaller ids: the ``next`` of the call before.
            limit: how many at most.
            reason: for people, and for their handlers.

        Raises:
            LedgerUnavailableError: the database is away; some of them may be cancelled.
        """
        return await self._changes.cancel_found(wanted, before=before, limit=limit, reason=reason)

    async def retry(self, task_id: UUID) -> Transition | None:
        """Let a failed or cancelled task begin anew, with all its attempts.

        Its checkpoints are kept, and so is its earlier outcome, in ``task_attempt``.

        Returns:
            ``pending``; unchanged if it is open or has succeeded; nothing if there is no such task.

        Raises:
            LedgerUnavailableError: the database is away; nothing is promised.
        """
        return (await self.retry_all([task_id])).get(task_id)

    async def retry_all(self, ids: Sequence[UUID]) -> dict[UUID, Transition]:
        """:meth:`retry` for many tasks, in few steps; those that there are.

        Raises:
            LedgerUnavailableError: the database is away; some of them may run again.
        """
        return await self._changes.retry(ids)

    async def retry_found(self, wanted: TaskFilter, *, before: UUID | None, limit: int) -> Swept:
        """:meth:`retry` for the newest tasks that ``wanted`` finds and that can run again.

        Args:
            wanted: which ones.
            before: only tasks with smaller ids: the ``next`` of the call before. Those that were
                retried and failed again are not met twice.
            limit: how many at most.

        Raises:
            LedgerUnavailableError: the database is away; some of them may run again.
        """
        return await self._changes.retry_found(wanted, before=before, limit=limit)

    async def find(self, task_id: UUID) -> TaskRecord | None:
        """The task of that id, if there is one."""
        return await self._ledger.find(task_id)

    async def tasks(self, wanted: TaskFilter, *, before: UUID | None, limit: int) -> TaskPage:
        """The newest tasks that ``wanted`` finds; see :meth:`penstock.ledger.TaskList.page`."""
        return await self._tasks.page(wanted, before=before, limit=limit)

    async def queue_status(self) -> dict[str, QueueStatus]:
        """Every queue of the catalogue at a glance.

        Raises:
            EngineUnavailableError: Redis is away.
            LedgerUnavailableError: the database is away.
        """
        queues = list((await self._policies.present()).queues)
        counts, ended = await asyncio.gather(
            self._engine.counts(queues), self._ledger.ended_counts()
        )
        return {
            queue: QueueStatus(
                waiting=counts[queue].waiting,
                active=counts[queue].active,
                delayed=counts[queue].delayed,
                workers=counts[queue].workers,
                parked=counts[queue].parked,
                paused=self._policies.is_paused(queue),
                draining=self._policies.is_draining(queue),
                **msgspec.structs.asdict(ended.get(queue, EndedCounts())),
            )
            for queue in queues
        }

    async def health(self) -> Health:
        """Whether Redis, the database and the workers are there; never raises.

        Takes at most about :data:`~penstock.dispatch.health_checks.HEALTH_TIMEOUT`.
        """
        redis, database, workers = await asyncio.gather(
            self._health_checks.component("redis", self._engine.ping),
            self._health_checks.component("database", self._ledger.ping),
            self._workers(),
        )
        up = redis.status == database.status == "up"
        return Health(
            status="ok" if up else "unavailable", redis=redis, database=database, workers=workers
        )

    async def _workers(self) -> dict[str, int]:
        try:
            counts = await self._health_checks.in_time(
                self._engine.counts(list(self._policies.catalogue.queues))
            )
        except (PenstockError, TimeoutError):
            return {}
        return {queue: each.workers for queue, each in counts.items()}
