"""Taking batches of tasks, following them, and cancelling them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from penstock.declarations import BatchSummary, PenstockError
from penstock.dispatch import bulk
from penstock.dispatch.admission import Admission
from penstock.dispatch.batch_completion import BatchCompletion
from penstock.dispatch.batch_submission import BatchSubmission, CallbackSubmission
from penstock.dispatch.derived_id import ids_in_order
from penstock.dispatch.errors import (
    BatchPartError,
    BatchSealedError,
    InvalidInputError,
    InvalidTermError,
)
from penstock.dispatch.intake import Intake
from penstock.dispatch.policies import Policies
from penstock.dispatch.stops import Stop, Stops
from penstock.dispatch.submission import RequestKey, Submission
from penstock.ledger import (
    BatchPage,
    BatchRecord,
    Callback,
    IdempotencyKey,
    Ledger,
    NewBatch,
    NewTask,
)
from penstock.ledger.records import json_text
from penstock.plugins import UnknownProviderError, UnknownTaskTypeError

_CANCEL_STEP = 500
# An answer comes before a caller or a proxy loses patience.
_CANCEL_SECONDS = 5.0
_CANCEL_PAUSE = 0.05


class TaskBatches:
    """Batches over ledger and engine.

    Args:
        policies: the task types that may be submitted, and their queues as they are at present.
        ledger: takes them.
        intake: checks their tasks.
        admission: whether there is room for those.
        completion: finishes them.
        stops: tells of what is cancelled.
        hand_over: lets the engine have a task that is committed.
    """

    def __init__(
        self,
        *,
        policies: Policies,
        ledger: Ledger,
        intake: Intake,
        admission: Admission,
        completion: BatchCompletion,
        stops: Stops,
        hand_over: Callable[[NewTask], None],
    ) -> None:
        self._policies = policies
        self._batches = ledger.batches
        self._keyed = ledger.keyed
        self._intake = intake
        self._admission = admission
        self._completion = completion
        self._stops = stops
        self._hand_over = hand_over

    async def submit(
        self, wanted: BatchSubmission, *, by: str, key: RequestKey | None = None
    ) -> BatchRecord:
        """Accept a batch with its first tasks, all of it or nothing; on return it is committed.

        Args:
            wanted: what somebody asks for.
            by: who does.
            key: the same request with the same key is answered with the same batch.

        Raises:
            BatchPartError: a task, or the callback, cannot be accepted; nothing is written.
            IdempotencyKeyReusedError: the key was used before for something else.
            QueueDrainingError: one of their queues takes no new tasks.
            TaskTypeDisabledError: one of their types is switched off.
            QueueFullError: there is no room for all of them; nothing is written.
            LedgerUnavailableError: the database is away; nothing is promised.
        """
        await self._policies.present()
        batch_id = uuid7()
        claim = None if key is None else self._intake.key_of_request(key)
        if claim is not None and (earlier := await self._earlier(claim)):
            return earlier
        tasks = self._prepared(wanted.tasks, batch_id, wanted.user_id)
        batch = NewBatch(
            id=batch_id,
            name=wanted.name,
            user_id=wanted.user_id,
            callback=self._callback(wanted.callback, wanted, batch_id) if wanted.callback else None,
            sealed=wanted.sealed,
            created_by=by,
            created_at=datetime.now(UTC),
        )
        if claim is not None:
            batch_id = await self._keyed.claim(claim, batch_id=batch_id)
            batch = msgspec.structs.replace(batch, id=batch_id)
            tasks = [
                msgspec.structs.replace(each, batch_id=batch_id)
                for each in _identified(tasks, batch_id)
            ]
        await self._accept(tasks, lambda: self._batches.create(batch, tasks))
        if wanted.sealed and not tasks:
            await self._completion.finish([batch_id])
        return await self._found(batch_id)

    async def _earlier(self, claim: IdempotencyKey) -> BatchRecord | None:
        """The batch that the key of a request stands for already."""
        held = await self._keyed.holder(claim)
        return None if held is None else await self._batches.find(held)

    async def add(
        self, batch_id: UUID, submissions: Sequence[Submission], *, key: RequestKey | None = None
    ) -> BatchRecord | None:
        """Accept more tasks of a batch, all of them or none; on return they are committed.

        Args:
            batch_id: the batch's.
            submissions: what is asked for.
            key: the same request with the same key adds nothing more, also once it is sealed.

        Returns:
            The batch; nothing if there is none of that id.

        Raises:
            BatchSealedError: no more are taken; nothing is written.
            PenstockError: as :meth:`submit`.
        """
        found = await self._batches.outline(batch_id)
        if found is None:
            return None
        claim = None if key is None else self._intake.key_of_request(key)
        if claim is not None:
            part = await self._keyed.holder(claim)
            if part is not None and await self._batches.has(ids_in_order(part, 1)[0]):
                return await self._batches.find(batch_id)
        if found.sealed_at is not None:
            raise BatchSealedError(batch_id)
        if not submissions:
            return await self._batches.find(batch_id)
        await self._policies.present()
        tasks = self._prepared(submissions, batch_id, found.user_id)
        if claim is not None:
            tasks = _identified(tasks, await self._keyed.claim(claim, batch_id=uuid7()))

        async def write() -> None:
            if not await self._batches.add(batch_id, tasks):
                raise BatchSealedError(batch_id)

        await self._accept(tasks, write)
        return await self._found(batch_id)

    async def seal(self, batch_id: UUID) -> BatchRecord | None:
        """Take no more tasks of a batch, so that it finishes; sealing it again changes nothing.

        Returns:
            The batch; nothing if there is none of that id.
        """
        await self._batches.seal(batch_id)
        await self._completion.finish([batch_id])
        return await self._batches.find(batch_id)

    async def find(self, batch_id: UUID) -> BatchRecord | None:
        """The batch of that id, if there is one."""
        return await self._batches.find(batch_id)

    async def has_finished(self, batch_id: UUID) -> bool | None:
        """Whether a batch has finished, which is cheap to ask; nothing if there is none."""
        found = await self._batches.outline(batch_id)
        return None if found is None else found.finished_at is not None

    async def page(self, *, before: UUID | None, limit: int) -> BatchPage:
        """The newest batches with ids below ``before``; fewer than ``limit`` if they are large."""
        return await self._batches.page(before=before, limit=limit)

    async def cancel(self, batch_id: UUID, *, reason: str) -> BatchRecord | None:
        """Cancel the open tasks of an unfinished batch, and its callback, which does not run.

        Tasks that wait are cancelled at once; of those that run the workers are told. It stops
        after some seconds; repeating it goes on.

        Args:
            batch_id: which one.
            reason: for people, and for the handlers of its tasks.

        Returns:
            The batch; nothing if there is none of that id.

        Raises:
            LedgerUnavailableError: the database is away; nothing is promised.
        """
        await self._batches.begin_cancel(batch_id)
        until = time.monotonic() + _CANCEL_SECONDS
        while time.monotonic() < until:
            step = await self._batches.cancel_open(batch_id, limit=_CANCEL_STEP, reason=reason)
            await self._stops.tell(map(Stop.of, step))
            if not step:
                if not await self._batches.has_uncancelled(batch_id):
                    break
                # Some are just being started, or recorded.
                await asyncio.sleep(_CANCEL_PAUSE)
        await self._completion.finish([batch_id])
        return await self._batches.find(batch_id)

    async def _accept(
        self,
        tasks: Sequence[NewTask],
        write: Callable[[], Awaitable[None]],
    ) -> None:
        """Write tasks if there is room for all of them, and hand them over."""
        groups = bulk.groups(tasks, self._policies.catalogue)
        async with self._admission.all_admitted(groups):
            try:
                await write()
            except (DBAPIError, UnicodeError) as error:
                message = f"the database refused this batch: {getattr(error, 'orig', error)}"
                raise InvalidInputError("$", message) from error
            for task in tasks:
                self._hand_over(task)

    def _prepared(
        self, submissions: Sequence[Submission], batch_id: UUID, user_id: str | None
    ) -> list[NewTask]:
        prepared = []
        for index, each in enumerate(submissions):
            place = f"tasks[{index}]"
            _require_own_task(each, place)
            submission = msgspec.structs.replace(
                each,
                batch_id=batch_id,
                user_id=user_id if each.user_id is None else each.user_id,
                unique=False,
            )
            prepared.append(self._part(place, submission))
        return prepared

    def _callback(
        self, wanted: CallbackSubmission, batch: BatchSubmission, batch_id: UUID
    ) -> Callback:
        text = wanted.input
        if text is None:
            summary = BatchSummary(
                id=batch_id, name=batch.name, total=0, success=0, failed=0, cancelled=0
            )
            text = json_text(summary)
        submission = Submission(wanted.type, text, priority=wanted.priority, user_id=batch.user_id)
        task = self._part("callback", submission)
        return Callback(
            type=task.type,
            queue=task.queue,
            priority=task.priority,
            user_id=task.user_id,
            input=None if wanted.input is None else task.input,
            max_attempts=task.max_attempts,
            provider=task.provider,
            units=task.units,
        )

    def _part(self, place: str, submission: Submission) -> NewTask:
        try:
            return self._intake.prepare(submission, self._policies.catalogue)
        except (
            InvalidInputError,
            InvalidTermError,
            UnknownTaskTypeError,
            UnknownProviderError,
        ) as error:
            raise BatchPartError(place, submission.type, error) from error

    async def _found(self, batch_id: UUID) -> BatchRecord:
        found = await self._batches.find(batch_id)
        if found is None:
            message = f"batch {batch_id} was removed just after it was written"
            raise PenstockError(message)
        return found


def _identified(tasks: Sequence[NewTask], part: UUID) -> list[NewTask]:
    """The tasks with ids that follow from what a key stands for: whoever repeats them adds none."""
    return [
        msgspec.structs.replace(task, id=task_id)
        for task, task_id in zip(tasks, ids_in_order(part, len(tasks)), strict=True)
    ]


def _require_own_task(submission: Submission, place: str) -> None:
    """Refuse what might be answered with a task of somebody else's."""
    for field in ("unique", "idempotency_key"):
        if getattr(submission, field):
            message, remedy = "every task of a batch is a new one", "leave it out"
            error = InvalidTermError(field, message, remedy)
            raise BatchPartError(place, submission.type, error)
