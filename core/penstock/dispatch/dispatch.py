"""Taking tasks and looking them up: ledger first, then engine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from penstock.declarations import PenstockError
from penstock.dispatch import bulk
from penstock.dispatch.admission import Admission
from penstock.dispatch.after_commit import AfterCommit
from penstock.dispatch.batch_completion import BatchCompletion
from penstock.dispatch.entries import entry_of, waiting_entry
from penstock.dispatch.errors import (
    InvalidInputError,
    InvalidTermError,
    QueueDrainingError,
    QueueFullError,
    TaskTypeDisabledError,
    UnexpectedError,
)
from penstock.dispatch.handover import Handover
from penstock.dispatch.health_checks import HealthChecks
from penstock.dispatch.intake import IDEMPOTENCY_TTL, Intake, as_record
from penstock.dispatch.policies import Policies
from penstock.dispatch.status import Health, QueueStatus
from penstock.dispatch.stops import Stops
from penstock.dispatch.submission import RequestKey, Submission, Submitted
from penstock.dispatch.task_batches import TaskBatches
from penstock.dispatch.task_changes import Swept, TaskChanges
from penstock.engine import Engine
from penstock.ledger import (
    Accepted,
    EndedCounts,
    Ledger,
    LedgerUnavailableError,
    NewTask,
    OpenTask,
    Origin,
    Status,
    TaskFilter,
    TaskList,
    TaskPage,
    TaskRecord,
    Transition,
)
from penstock.plugins import Catalogue

_log = logging.getLogger(__name__)


class Dispatch:
    """The one place that holds ledger and engine together.

    Args:
        policies: the task types that may be submitted, and their queues as they are at present.
        ledger: takes the tasks.
        engine: puts them in line.
        max_input_bytes: how long the JSON of an input may be.
        idempotency_ttl: how long an idempotency key is kept.

    Attributes:
        batches: takes batches of tasks, and looks them up.
        completion: finishes batches.
        stops: tells engine and batches of tasks that were ended.
    """

    def __init__(
        self,
        *,
        policies: Policies,
        ledger: Ledger,
        engine: Engine,
        max_input_bytes: int,
        idempotency_ttl: timedelta = IDEMPOTENCY_TTL,
    ) -> None:
        self._policies = policies
        self._ledger = ledger
        self._engine = engine
        self._intake = Intake(
            require_open=policies.require_open,
            max_input_bytes=max_input_bytes,
            idempotency_ttl=idempotency_ttl,
        )
        self._handover = Handover(engine, weights=policies.user_weights)
        self._admission = Admission(engine=engine, ledger=ledger, handover=self._handover)
        self._after_commit = AfterCommit(ledger, self._hand_over_open)
        self.completion = BatchCompletion(ledger, hand_over=self.hand_over)
        self._tasks = TaskList(ledger.database)
        self.stops = Stops(
            engine=engine,
            completion=self.completion,
            weights=policies.user_weights,
            withdraw=self._handover.withdraw,
        )
        self._changes = TaskChanges(ledger=ledger, handover=self._handover, stops=self.stops)
        self.batches = TaskBatches(
            policies=policies,
            ledger=ledger,
            intake=self._intake,
            admission=self._admission,
            completion=self.completion,
            stops=self.stops,
            hand_over=self.hand_over,
        )
        self._health_checks = HealthChecks()

    async def close(self) -> None:
        """Stop finishing batches, handing tasks over and checking services."""
        await self._after_commit.close()
        await self.completion.close()
        await self._handover.close()
        await self._health_checks.close()

    async def submit(self, submission: Submission) -> TaskRecord:
        """The task of :meth:`accept`, for those whom it is all the same whether it is a new one."""
        return (await self.accept(submission)).task

    async def accept(self, submission: Submission) -> Submitted:
        """Accept a task; on return its row is committed.

        Raises:
            UnknownTaskTypeError: with the nearest known name.
            UnknownProviderError: its task type wants one of the input that nobody declares.
            DeclarationError: its task type says of the input what is no provider or estimate.
            QueueDrainingError: its queue takes no new tasks.
            TaskTypeDisabledError: an operator has switched it off.
            InvalidInputError: the input does not fit the task type, or ``user_id`` no database;
                nothing is written.
            InputTooLargeError: it is too long; nothing is written.
            InvalidTermError: its times leave none in which to run; nothing is written.
            QueueFullError: no more tasks of the queue, or of the user's in it, may wait; nothing
                is written.
            IdempotencyKeyReusedError: its key was used before for something else; nothing is
                written.
            TwinPendingError: a transaction that takes its time may be about to write the same.
            LedgerUnavailableError: the database is away; nothing is promised.
        """
        catalogue = await self._policies.present()
        task = await self._prepared(submission, catalogue)
        while True:
            try:
                async with self._admission.admitted(catalogue.queue(task.queue), task.user_id):
                    accepted = await self._write(task)
                    if accepted.origin is Origin.NEW:
                        self.hand_over(task)
            except QueueFullError:
                # Whoever repeats a request that was accepted asks for no room.
                earlier = await self._ledger.keyed.earlier(task)
                if earlier is None:
                    raise
                accepted = earlier
            if answers := await self._answers([task], [accepted]):
                return answers[0]

    async def _prepared(self, submission: Submission, catalogue: Catalogue) -> NewTask:
        """The row of a submission; see :meth:`Intake.prepare`.

        Whoever repeats a request that was accepted is not refused because of the time since.
        """
        try:
            return self._intake.prepare(submission, catalogue)
        except (InvalidTermError, QueueDrainingError, TaskTypeDisabledError):
            if submission.idempotency_key is None:
                raise
            task = self._intake.prepare(submission, catalogue, repeated=True)
            earlier = await self._ledger.keyed.earlier(task)
            if earlier is None or earlier.origin is not Origin.REPLAYED:
                raise
            return task

    async def _write(self, task: NewTask) -> Accepted:
        try:
            return await self._ledger.accept(task)
        except (DBAPIError, UnicodeError) as error:
            message = f"the database refused this task: {getattr(error, 'orig', error)}"
            raise InvalidInputError("$", message) from error

    async def _answers(
        self, tasks: Sequence[NewTask], accepted: Sequence[Accepted]
    ) -> list[Submitted] | None:
        """The tasks that were accepted, or that stand for them.

        Nothing, if one of the latter was removed: its key has been given up then.
        """
        earlier = [each.task_id for each in accepted if each.origin is not Origin.NEW]
        found = await self._ledger.find_all(earlier) if earlier else {}
        answers = []
        for task, each in zip(tasks, accepted, strict=True):
            if each.origin is Origin.NEW:
                answers.append(Submitted(as_record(task)))
            elif record := found.get(each.task_id):
                answers.append(Submitted(record, each.origin))
            else:
                await self._ledger.keyed.forget(task, of=each.task_id)
        return answers if len(answers) == len(tasks) else None

    async def submit_all(
        self, submissions: Sequence[Submission], *, key: RequestKey | None = None
    ) -> list[Submitted]:
        """Accept tasks, all of them or none; on return their rows are committed.

        Args:
            submissions: what is asked for.
            key: that of the request, for submissions without one of their own.

        Raises:
            BulkRefusedError: some cannot be accepted; nothing is written.
            QueueFullError: there is not room for all of them; nothing is written.
            IdempotencyKeyReusedError: the request's key, or that of one of them, was used before
                for something else; nothing is written.
            LedgerUnavailableError: the database is away; nothing is promised.
        """
        catalogue = await self._policies.present()
        tasks = await bulk.prepare_all(
            bulk.keyed(submissions, key), lambda each: self._prepared(each, catalogue)
        )
        if not tasks:
            return []
        await self._claim(key)
        while True:
            try:
                async with self._admission.all_admitted(bulk.groups(tasks, catalogue)):
                    accepted = list(await self._write_all(tasks))
                    for task, each in zip(tasks, accepted, strict=True):
                        if each.origin is Origin.NEW:
                            self.hand_over(task)
            except QueueFullError:
                accepted = []
                for task in tasks:
                    earlier = await self._ledger.keyed.earlier(task)
                    if earlier is None:
                        raise
                    accepted.append(earlier)
            if answers := await self._answers(tasks, accepted):
                return answers

    async def _write_all(self, tasks: Sequence[NewTask]) -> Sequence[Accepted]:
        try:
            return await self._ledger.accept_all(tasks)
        except (DBAPIError, UnicodeError) as error:
            message = f"the database refused these tasks: {getattr(error, 'orig', error)}"
            raise InvalidInputError("$", message) from error

    async def submit_each(
        self, submissions: Sequence[Submission], *, key: RequestKey | None = None
    ) -> list[Submitted | PenstockError]:
        """Accept those tasks that can be; returns for each, in order, its task or what is wrong.

        Repeated with the same ``key``, it answers with the same tasks, and tries again what was
        refused.

        Raises:
            IdempotencyKeyReusedError: the request's key was used before for something else;
                nothing is written.
            LedgerUnavailableError: the database is away, so that none was accepted.
        """
        await self._claim(key)
        # Together: they share transactions.
        answers = await asyncio.gather(
            *(self.accept(each) for each in bulk.keyed(submissions, key)), return_exceptions=True
        )
        away = [each for each in answers if isinstance(each, LedgerUnavailableError)]
        if away and len(away) == len(answers):
            raise away[0]
        return [_expected(each) for each in answers]

    async def _claim(self, key: RequestKey | None) -> None:
        if key is not None:
            await self._ledger.keyed.claim(self._intake.key_of_request(key))

    async def prepare(self, submission: Submission) -> NewTask:
        """The row of a task that :meth:`write_within` will write.

        Raises:
            PenstockError: see :meth:`accept`.
        """
        catalogue = await self._policies.present()
        task = await self._prepared(submission, catalogue)
        await self._admission.check(catalogue.queue(task.queue), task.user_id)
        return task

    def write_within(
        self, connection: Connection, task: NewTask, *, loop: asyncio.AbstractEventLoop
    ) -> Accepted:
        """Write a task as part of the caller's transaction.

        It runs when that is committed, and never if it is rolled back. Call it in the thread of
        the connection.

        Args:
            connection: of the caller's, on the ledger's database.
            task: from :meth:`prepare`.
            loop: that of this dispatch, where it is handed over.

        Raises:
            IdempotencyKeyReusedError: see :meth:`accept`.
            sqlalchemy.exc.SQLAlchemyError: what the database says.
        """
        accepted = self._ledger.accept_within(connection, task)
        if accepted.origin is Origin.NEW:
            self._after_commit.watch(connection, task.id, loop=loop)
        return accepted

    async def submit_child(self, submission: Submission, *, again: bool) -> UUID:
        """Accept a task that a running one enqueues; returns its id, which it has already.

        A queue that is drained takes it.

        Args:
            submission: with the ids of the task and of its parent.
            again: whether an earlier run may have done this. What did is left as it is, however
                full its queue, and handed over once more if it waits.

        Raises:
            PenstockError: as :meth:`submit`.
        """
        if again and submission.id is not None:
            known = await self._ledger.find(submission.id)
            if known is not None:
                if known.status is Status.PENDING:
                    self._handover.add(known.queue, entry_of(known))
                return known.id
        return (await self.submit(submission)).id

    def hand_over(self, task: NewTask) -> None:
        """Let the engine have a task that is committed, soon."""
        self._handover.add(task.queue, waiting_entry(task))

    def _hand_over_open(self, task: OpenTask) -> None:
        if task.status is Status.PENDING:
            self._handover.add(task.queue, entry_of(task))

    async def check_room(self, type_name: str, user_id: str | None) -> None:
        """Refuse early what :meth:`submit` would refuse, as its queue is full or drained.

        Raises:
            UnknownTaskTypeError: with the nearest known name.
            QueueDrainingError: see :meth:`submit`.
            TaskTypeDisabledError: the same.
            QueueFullError: see :meth:`submit`.
            LedgerUnavailableError: the database had to be asked, and is away.
        """
        catalogue = await self._policies.present()
        queue = catalogue.task_type(type_name).queue
        self._policies.require_open(queue.name)
        if type_name in catalogue.disabled_task_types:
            raise TaskTypeDisabledError(type_name)
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

        Its checkpoints are kept, and so is its earlier outcome, in ``task_attempt``. Its
        time-to-live counts no more, its deadline does.

        Returns:
            ``pending``; unchanged if it is open or has succeeded, or if its deadline has passed;
            nothing if there is no such task.

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
        """Every queue of the catalogue, and every other one with open tasks, at a glance.

        Raises:
            EngineUnavailableError: Redis is away.
            LedgerUnavailableError: the database is away.
        """
        declared = (await self._policies.present()).queues
        ended, unfinished = await asyncio.gather(
            self._ledger.ended_counts(), self._ledger.open_queues()
        )
        queues = [*declared, *(each for each in unfinished if each not in declared)]
        counts = await self._engine.counts(queues)
        return {
            queue: QueueStatus(
                waiting=counts[queue].waiting,
                active=counts[queue].active,
                delayed=counts[queue].delayed,
                workers=counts[queue].workers,
                parked=counts[queue].parked,
                paused=self._policies.is_paused(queue),
                draining=self._policies.is_draining(queue),
                declared=queue in declared,
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
        quarantined = [each.name for each in self._policies.catalogue.quarantined]
        working: Literal["ok", "degraded"] = "degraded" if quarantined else "ok"
        return Health(
            status=working if up else "unavailable",
            redis=redis,
            database=database,
            workers=workers,
            quarantined=quarantined,
        )

    async def _workers(self) -> dict[str, int]:
        try:
            counts = await self._health_checks.in_time(
                self._engine.counts(list(self._policies.catalogue.queues))
            )
        except (PenstockError, TimeoutError):
            return {}
        return {queue: each.workers for queue, each in counts.items()}


def _expected(answer: Submitted | BaseException) -> Submitted | PenstockError:
    """What became of one of many submissions; the others are accepted, whatever it met."""
    if isinstance(answer, Submitted | PenstockError):
        return answer
    if not isinstance(answer, Exception):
        raise answer
    _log.error("one of many submissions", exc_info=answer)
    return UnexpectedError()
