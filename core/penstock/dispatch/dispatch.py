"""Taking tasks and looking them up: ledger first, then engine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from penstock.declarations import PenstockError, Priority
from penstock.dispatch import inputs
from penstock.dispatch.admission import Admission
from penstock.dispatch.entries import member_of
from penstock.dispatch.errors import InvalidInputError
from penstock.dispatch.handover import Handover
from penstock.dispatch.health_checks import HealthChecks
from penstock.dispatch.needs import need_of
from penstock.dispatch.policies import Policies
from penstock.dispatch.status import Health, QueueStatus
from penstock.engine import Engine, EngineUnavailableError, Entry
from penstock.ledger import (
    EndedCounts,
    Ledger,
    NewTask,
    Status,
    StoredArtifact,
    TaskRecord,
    Transition,
)

_log = logging.getLogger(__name__)


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
        self._max_input_bytes = max_input_bytes
        self._handover = Handover(engine, weights=policies.user_weights)
        self._admission = Admission(engine=engine, ledger=ledger, handover=self._handover)
        self._health_checks = HealthChecks()

    async def close(self) -> None:
        """Stop handing tasks over and checking services."""
        await self._handover.close()
        await self._health_checks.close()

    async def submit(
        self,
        type_name: str,
        input: bytes | str,  # noqa: A002  (the API's own word for it)
        *,
        priority: Priority = Priority.NORMAL,
        user_id: str | None = None,
        delay: timedelta | None = None,
        task_id: UUID | None = None,
        labels: str | None = None,
        files: Sequence[StoredArtifact] = (),
    ) -> TaskRecord:
        """Accept a task; on return its row is committed.

        Args:
            type_name: the name of an installed task type.
            input: its input as JSON text.
            priority: urgent runs before high, normal and low.
            user_id: for whom it is done.
            delay: run it no earlier than after this time.
            task_id: a UUIDv7, if the caller has made one; submitting it again changes nothing.
            labels: taskiq's labels as a JSON object, for tasks from ``.kiq()``.
            files: stored files of task ``task_id``; their rows are committed with the task's.

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
        task_type = catalogue.task_type(type_name)
        self._policies.require_open(task_type.queue.name)
        inputs.check_size(input, self._max_input_bytes)
        value = inputs.decode(task_type, input)
        if user_id is not None:
            inputs.check_user_id(user_id)
        need = need_of(task_type, value, known=catalogue.providers)
        now = datetime.now(UTC)
        task = NewTask(
            id=task_id or uuid7(),
            type=task_type.name,
            queue=task_type.queue.name,
            priority=int(priority),
            user_id=user_id,
            input=input if isinstance(input, str) else input.decode(),
            labels=labels,
            max_attempts=task_type.retry.max_attempts,
            created_at=now,
            run_at=now + delay if delay else None,
            provider=need.provider,
            units=need.units,
            files=tuple(files),
        )
        async with self._admission.admitted(task_type.queue, user_id):
            try:
                await self._ledger.accept(task)
            except (DBAPIError, UnicodeError) as error:
                message = f"the database refused this task: {getattr(error, 'orig', error)}"
                raise InvalidInputError("$", message) from error
            member = member_of(task.id, user_id, task.provider)
            entry = Entry(member=member, priority=priority, delay=delay or timedelta(0))
            self._handover.add(task.queue, entry)
        return _as_record(task)

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
        found = await self._ledger.cancel(task_id, reason=reason)
        if found is not None and found.changed:
            running = found.status is Status.RUNNING
            try:
                await self._engine.cancel(
                    found.queue,
                    [member_of(task_id, found.user_id, found.provider)],
                    running=running,
                    weights=self._policies.user_weights(found.queue),
                )
            except EngineUnavailableError as error:
                # The ledger knows: no run of it starts any more, and the audit tells its worker.
                _log.warning("task %s: its cancellation is told to Redis later: %s", task_id, error)
        return found

    async def retry(self, task_id: UUID) -> Transition | None:
        """Let a failed or cancelled task begin anew, with all its attempts.

        Its checkpoints are kept, and so is its earlier outcome, in ``task_attempt``.

        Returns:
            ``pending``; unchanged if it is open or has succeeded; nothing if there is no such task.

        Raises:
            LedgerUnavailableError: the database is away; nothing is promised.
        """
        found = await self._ledger.retry(task_id)
        if found is not None and found.changed:
            member = member_of(task_id, found.user_id, found.provider)
            entry = Entry(member=member, priority=Priority(found.priority), kind="again")
            self._handover.add(found.queue, entry)
        return found

    async def find(self, task_id: UUID) -> TaskRecord | None:
        """The task of that id, if there is one."""
        return await self._ledger.find(task_id)

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


def _as_record(task: NewTask) -> TaskRecord:
    """A task just accepted, as looking it up would show it."""
    return TaskRecord(
        id=task.id,
        type=task.type,
        queue=task.queue,
        status=Status.PENDING,
        priority=task.priority,
        user_id=task.user_id,
        provider=task.provider,
        progress=0,
        progress_message="",
        attempts=0,
        max_attempts=task.max_attempts,
        input=msgspec.Raw(task.input.encode()),
        result=None,
        error=None,
        created_at=task.created_at,
        run_at=task.run_at,
        started_at=None,
        finished_at=None,
        cancel_requested_at=None,
        updated_at=task.created_at,
    )
