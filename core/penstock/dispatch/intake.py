"""From what somebody asks for to a row that can be written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
from uuid_utils.compat import uuid7

from penstock.dispatch import inputs, sameness
from penstock.dispatch.errors import TaskTypeDisabledError
from penstock.dispatch.needs import need_of
from penstock.dispatch.submission import RequestKey, Submission
from penstock.dispatch.task_times import TaskTimes, times_of
from penstock.ledger import IdempotencyKey, NewTask, Status, TaskRecord
from penstock.plugins import Catalogue

IDEMPOTENCY_TTL = timedelta(days=1)


class Intake:
    """Checks submissions; it writes nothing.

    Args:
        require_open: raises if a queue takes no new tasks.
        max_input_bytes: how long the JSON of an input may be.
        idempotency_ttl: how long an idempotency key is kept.
    """

    def __init__(
        self,
        *,
        require_open: Callable[[str], None],
        max_input_bytes: int,
        idempotency_ttl: timedelta = IDEMPOTENCY_TTL,
    ) -> None:
        self._require_open = require_open
        self._max_input_bytes = max_input_bytes
        self._idempotency_ttl = idempotency_ttl

    def prepare(
        self, submission: Submission, catalogue: Catalogue, *, repeated: bool = False
    ) -> NewTask:
        """The row of a submission.

        Args:
            submission: what somebody asks for.
            catalogue: the present task types and queues.
            repeated: its key stands for a task: its queue and its times were seen to then, and
                this row is not written.

        Raises:
            UnknownTaskTypeError: with the nearest known name.
            UnknownProviderError: its task type wants one of the input that nobody declares.
            DeclarationError: its task type says of the input what is no provider or estimate.
            QueueDrainingError: its queue takes no new tasks.
            TaskTypeDisabledError: an operator has switched it off.
            InvalidInputError: the input does not fit the task type, or ``user_id`` no database.
            InputTooLargeError: it is too long.
            InvalidTermError: its times are out of bounds, or leave none in which to run.
        """
        task_type = catalogue.task_type(submission.type)
        if submission.parent_id is None and not repeated:
            # What an accepted task enqueues is worked off with it.
            self._require_open(task_type.queue.name)
            if task_type.name in catalogue.disabled_task_types:
                raise TaskTypeDisabledError(task_type.name)
        inputs.check_size(submission.input, self._max_input_bytes)
        value = inputs.decode(task_type, submission.input)
        if submission.user_id is not None:
            inputs.check_user_id(submission.user_id)
        need = need_of(task_type, value, known=catalogue.providers, installed=catalogue.installed)
        now = datetime.now(UTC)
        times = (
            TaskTimes(None, None, submission.deadline) if repeated else times_of(submission, now)
        )
        text = submission.input
        unique = task_type.unique if submission.unique is None else submission.unique
        key = submission.idempotency_key
        return NewTask(
            id=submission.id or uuid7(),
            type=task_type.name,
            queue=task_type.queue.name,
            priority=int(submission.priority),
            user_id=submission.user_id,
            input=text if isinstance(text, str) else text.decode(),
            labels=submission.labels,
            max_attempts=task_type.retry.max_attempts,
            created_at=now,
            run_at=times.run_at,
            expires_at=times.expires_at,
            deadline=times.deadline,
            provider=need.provider,
            units=need.units,
            parent_id=submission.parent_id,
            batch_id=submission.batch_id,
            files=tuple(submission.files),
            unique_key=sameness.unique_key(task_type, submission.user_id, value, submission.files)
            if unique
            else None,
            key=None
            if key is None
            else self.key(submission.principal, key, sameness.fingerprint(submission)),
        )

    def key(self, principal: str, key: str, fingerprint: str) -> IdempotencyKey:
        """A key that is used now."""
        return IdempotencyKey(
            principal=principal,
            key=key,
            fingerprint=fingerprint,
            expires_at=datetime.now(UTC) + self._idempotency_ttl,
        )

    def key_of_request(self, key: RequestKey) -> IdempotencyKey:
        """The key of a request for many tasks, used now."""
        return self.key(key.principal, key.key, key.fingerprint)


def as_record(task: NewTask) -> TaskRecord:
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
        expires_at=task.expires_at,
        deadline=task.deadline,
        parent_id=task.parent_id,
        batch_id=task.batch_id,
        started_at=None,
        finished_at=None,
        cancel_requested_at=None,
        updated_at=task.created_at,
    )
