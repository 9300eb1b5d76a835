"""What the API says of tasks."""

from typing import Any
from uuid import UUID

import msgspec

from penstock.cli.answer import Answer


class TaskError(msgspec.Struct, kw_only=True):
    """Why a task failed."""

    code: str
    message: str
    type: str


class Task(Answer, kw_only=True):
    """What the API says about a task."""

    id: UUID
    type: str
    queue: str
    status: str
    priority: str | int
    user_id: str | None = None
    provider: str | None = None
    progress: float = 0
    progress_message: str = ""
    attempts: int = 0
    max_attempts: int = 1
    result: Any = None
    error: TaskError | None = None
    created_at: str | None = None
    run_at: str | None = None
    started_at: str | None = None
    finished_at: str | None = None

    @property
    def finished(self) -> bool:
        """Whether its outcome is recorded."""
        return self.status in {"success", "failed", "cancelled"}


class BulkTask(msgspec.Struct, kw_only=True):
    """What became of one of many tasks."""

    id: UUID
    outcome: str
    status: str | None


class Bulk(Answer, kw_only=True):
    """What became of many tasks."""

    changed: int
    unchanged: int
    not_found: int
    tasks: list[BulkTask]
    next: str | None


class LogPage(msgspec.Struct, kw_only=True):
    """Some lines of a task's log; ``next`` is the cursor of the following ones.

    There is one as long as the task may log more.
    """

    lines: list[dict[str, Any]]
    next: str | None = None


class SentEvent(msgspec.Struct, frozen=True):
    """An event of a task, as the API sent it; ``data`` is JSON."""

    kind: str
    data: bytes
    id: str | None = None
