"""What somebody asks for: a task that is yet to be accepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from penstock.declarations import Priority
from penstock.ledger import StoredArtifact


class Submission(msgspec.Struct, frozen=True):
    """A task to be accepted. Nothing of it is checked yet.

    Attributes:
        type: the name of an installed task type.
        input: its input as JSON text.
        priority: urgent runs before high, normal and low.
        user_id: for whom it is done.
        delay: run it no earlier than after this time.
        id: a UUIDv7, if the caller has made one; submitting it again changes nothing.
        labels: taskiq's labels as a JSON object, for tasks from ``.kiq()``.
        files: stored files of task ``id``; their rows are committed with the task's.
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
    parent_id: UUID | None = None
    batch_id: UUID | None = None
