"""What a plugin wants to be told about tasks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args
from uuid import UUID

from penstock.declarations import checks
from penstock.declarations.errors import DeclarationError
from penstock.declarations.settings_reader import SettingsReader

RunStatus = Literal["success", "failed", "cancelled", "pending"]
"""How a run left its task; ``pending`` is one that runs again."""
ENDED: Collection[RunStatus] = ("success", "failed", "cancelled")


@dataclass(frozen=True, kw_only=True)
class TaskOutcome:
    """How a run of a task ended, as the ledger has it. Times are in UTC.

    ``attempt`` is its number, from 1. ``run_at`` is when a task that is ``pending`` again may start
    next. The input, the result and the traceback are not part of it: ``GET /api/queues/tasks/{id}``
    has them.
    """

    task_id: UUID
    type: str
    queue: str
    user_id: str | None
    batch_id: UUID | None
    status: RunStatus
    attempt: int
    max_attempts: int
    error_code: str | None
    error_message: str | None
    started_at: datetime
    finished_at: datetime
    run_at: datetime | None


OutcomeCallback: TypeAlias = Callable[[TaskOutcome], Awaitable[object]]
"""What is called with each outcome."""


@dataclass(frozen=True)
class TaskListener:
    """Told of each task that has ended, in the worker that ran it, once the ledger has its outcome.

    Best effort, and at most once: an outcome is lost if the worker dies, if a thousand of them wait
    already, or if the listener raises or takes longer than ten seconds for it, which is logged. It
    runs in a thread of its own, with an event loop of its own, one outcome after the other, so it
    harms no task whatever it does. It is not told of tasks that end without a worker: cancelled
    while they waited, or expired. What must happen for each task belongs into a handler.

    Attributes:
        name: lower-case, unique within its plugin.
        open: takes the operator's settings, and returns an asynchronous context manager that is
            entered when a worker starts and left when it stops; it yields what is to be called.
        statuses: which outcomes it wants: those that end a task, if left out; ``pending`` is told
            of runs after which the task runs again.
    """

    name: str
    _: KW_ONLY
    open: Callable[[SettingsReader], AbstractAsyncContextManager[OutcomeCallback]]
    statuses: Collection[RunStatus] = ENDED

    def __post_init__(self) -> None:
        checks.name(self.name, of="task listener")
        checks.function(self.open, of=f"open of task listener {self.name!r}")
        given: Any = self.statuses
        known = get_args(RunStatus)
        is_collection = isinstance(given, Collection) and not isinstance(given, str)
        if not is_collection or not given or not all(each in known for each in given):
            raise DeclarationError(
                f"expected statuses of task listener {self.name!r} to be some of "
                f"{', '.join(map(repr, known))}, got {given!r}"
            )
