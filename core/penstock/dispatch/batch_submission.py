"""What somebody asks for: a batch that is yet to be accepted."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from penstock.declarations import Priority
from penstock.dispatch.submission import Submission

MAX_BATCH_TASKS = 1000
"""How many tasks one call may bring; a batch may have more."""
MAX_BATCH_NAME_LENGTH = 255


class CallbackSubmission(msgspec.Struct, frozen=True):
    """The task that shall follow a batch.

    Attributes:
        type: the name of an installed task type.
        input: its input as JSON text; a :class:`~penstock.declarations.BatchSummary` if left out.
        priority: as of a task.
    """

    type: str
    input: bytes | str | None = None
    priority: Priority = Priority.NORMAL


class BatchSubmission(msgspec.Struct, frozen=True, kw_only=True):
    """A batch to be accepted. Nothing of it is checked yet.

    Attributes:
        tasks: its first tasks, at most :data:`MAX_BATCH_TASKS`.
        callback: the task that runs when all of its tasks have ended, however they did.
        name: for people.
        user_id: for whom its callback is done, and those of its tasks that do not say so.
        sealed: whether these are all of its tasks.
    """

    tasks: Sequence[Submission]
    callback: CallbackSubmission | None = None
    name: str = ""
    user_id: str | None = None
    sealed: bool = True
