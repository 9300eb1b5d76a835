"""What somebody asks for, a task that is yet to be accepted, and what is answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from penstock.declarations import Priority
from penstock.ledger import Origin, StoredArtifact, TaskRecord


class Submission(msgspec.Struct, frozen=True):
    """A task to be accepted. Nothing of it is checked yet.

    Attributes:
        type: the name of an installed task type.
        input: its input as JSON text.
        priority: urgent runs before high, normal and low.
        user_id: for whom it is done.
        delay: run it no earlier than after this time.
        run_at: the same, as a moment; one of both.
        ttl: if it has not started after this time, it does not start any more.
        deadline: if it has not ended by then, it has failed.
        id: a UUIDv7, if the caller has made one; submitting it again changes nothing.
        labels: taskiq's labels as a JSON object, for tasks from ``.kiq()``.
        files: stored files of task ``id``; their rows are committed with the task's.
        principal: who submits it; idempotency keys are theirs alone.
        idempotency_key: the same submission with the same key is answered with the same task.
        unique: while a task of the same type, user and input is open, answer with that one; as the
            task type says if left out. Its priority, delay and the like stay as they are.
        parent_id: the task that enqueues it.
        batch_id: the batch that it is counted with.
    """

    type: str
    input: bytes | str
    priority: Priority = Priority.NORMAL
    user_id: str | None = None
    delay: timedelta | None = None
    id: UUID | None = None
    labels: str | None = None
    files: Sequence[StoredArtifact] = ()
    principal: str = ""
    idempotency_key: str | None = None
    unique: bool | None = None
    parent_id: UUID | None = None
    batch_id: UUID | None = None
    run_at: datetime | None = None
    ttl: timedelta | None = None
    deadline: datetime | None = None


class RequestKey(msgspec.Struct, frozen=True):
    """The idempotency key of a request for many tasks.

    ``fingerprint`` is a hash of the whole request, in hexadecimal; ``principal`` is who sent it.
    """

    principal: str
    key: str
    fingerprint: str


class Submitted(msgspec.Struct, frozen=True):
    """The task that a submission is answered with: its own, or one that stands for it."""

    task: TaskRecord
    origin: Origin = Origin.NEW
