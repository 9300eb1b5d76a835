"""What somebody asks for: a task that is yet to be accepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
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
        run_at: the same, as a moment; one of both.
        ttl: if it has not started after this time, it does not start any more.
        deadline: if it has not ended by then, it has failed.
        id: a UUIDv7, if the caller has made one; submitting it again changes nothing.
        labels: taskiq's labels as a JSON object, for tasks from ``.kiq()``.
        files: stored files of task ``id``; their rows are committed with the task's.
    """

    type: str
    input: bytes | str
    priority: Priority = Priority.NORMAL
    user_id: str | None = None
    delay: timedelta | None = None
    id: UUID | None = None
    labels: str | None = None
    files: Sequence[StoredArtifact] = ()
    run_at: datetime | None = None
    ttl: timedelta | None = None
    deadline: datetime | None = None
