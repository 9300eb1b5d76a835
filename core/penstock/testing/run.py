"""What a task in the harness did, from its first run to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

import msgspec

from penstock.client.errors import TaskFailedError
from penstock.declarations import (
    Artifact,
    Context,
    Interruption,
    PenstockError,
    Priority,
    TaskType,
)
from penstock.ledger import Failure, Status
from penstock.testing import typed

if TYPE_CHECKING:
    from penstock.broker.delivery import Delivery

R = TypeVar("R")


class Child(msgspec.Struct, frozen=True, kw_only=True):
    """A task that a handler enqueued. It is recorded, and not run.

    ``input`` is as decoded from its JSON.
    """

    id: UUID
    type: str
    input: Any
    priority: Priority
    delay: timedelta | None
    user_id: str | None


class LoggedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that a handler logged by ``ctx.log``."""

    run: int
    level: str
    message: str
    fields: dict[str, Any]


class Run(Generic[R]):
    """What a task in the harness has done so far.

    Attributes:
        id: the task's.
        task_type: as it was started.
        status: ``pending`` (it waits for its next run), ``running``, ``success``, ``failed`` or
            ``cancelled``.
        attempts: how many were spent.
        runs: how often the handler was called; snoozes and crashes count here alone.
        delays: what it waited before each further run, in milliseconds exactly.
        progress: what the handler said, as ``(percent, message)``.
        logs: its lines.
        text: what it said by ``ctx.delta``, over all runs.
        checkpoints: the latest value of each, as decoded from its JSON.
        children: what it enqueued; each once.
        artifacts: what it stored.
        charged: the units that all of its runs charged.
        failures: how each failed attempt failed.
        error: how the task failed, if it did.
        exception: what the handler raised last, if it was in this process.
    """

    def __init__(self, task_id: UUID, task_type: TaskType[Any, R]) -> None:
        self.id = task_id
        self.task_type = task_type
        self.status = Status.PENDING
        self.attempts = 0
        self.runs = 0
        self.delays: list[timedelta] = []
        self.progress: list[tuple[float, str]] = []
        self.logs: list[LoggedLine] = []
        self.text = ""
        self.saved: dict[str, str] = {}
        self.saves: list[str] = []
        """The names of the checkpoints, in the order in which they were saved."""
        self.children: list[Child] = []
        self.artifacts: list[Artifact] = []
        self.charged = 0
        self.failures: list[Failure] = []
        self.error: Failure | None = None
        self.exception: BaseException | None = None
        self.result: bytes | None = None
        """As JSON."""
        self.changed = asyncio.Event()
        """Set when the handler says or does something next."""
        self.cancelled = asyncio.Event()
        self.crash_after: str | int | None = None
        self.crashed = asyncio.Event()
        self.delivery: Delivery | None = None
        self.cancel_reason: str | None = None
        self.task: asyncio.Task[None] | None = None

    @property
    def checkpoints(self) -> dict[str, Any]:
        """See the class."""
        return {name: msgspec.json.decode(data) for name, data in self.saved.items()}

    @property
    def output(self) -> R:
        """What the handler returned, read from its JSON.

        Raises:
            Exception: what the handler raised at last, if it failed.
            TaskFailedError: it failed otherwise (a time-out, say), or was cancelled.
            PenstockError: it has not ended.
        """
        if self.status is Status.SUCCESS and self.result is not None:
            found: R = typed.output_from_json(self.task_type, self.result)
            return found
        if self.error is None:
            raise PenstockError(
                f"task {self.id} of type {self.task_type.name!r} is {self.status}: it has no "
                "output yet; await it first"
            )
        if isinstance(self.exception, Exception):
            raise self.exception
        raise TaskFailedError(
            self.id, code=self.error.code, message=self.error.message
        ) from self.exception

    def cancel(self, reason: str = "cancelled by the test") -> None:
        """Ask for its end, as a caller of the API does: now if it waits, else as its handler lets.

        A run that succeeds before it is stopped has succeeded.
        """
        self.cancel_reason = reason
        self.cancelled.set()
        if self.delivery is not None:
            self.delivery.interrupt(Interruption("cancelled", reason))

    def noted(self) -> None:
        """The handler has said or done something."""
        self.changed.set()
        self.changed = asyncio.Event()

    def report(self) -> str:
        """What happened, in a few lines for people."""
        lines = [
            f"{self.task_type.name}: {self.status}, {self.attempts} attempts, {self.runs} runs",
            f"delays: {', '.join(map(str, self.delays)) or 'none'}",
            *(f"failed with {each.code}: {each.message}" for each in self.failures),
        ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<run of {self.task_type.name}: {self.status}, {self.attempts} attempts>"


class StartedRun(Run[R]):
    """One that may still go on: ``await`` it for its end."""

    def __await__(self) -> Generator[Any, None, Run[R]]:
        return self._ended().__await__()

    async def _ended(self) -> Run[R]:
        if self.task is not None:
            await asyncio.shield(self.task)
        return self


class BegunRun(Run[R]):
    """One that the test makes itself.

    Attributes:
        context: for the code that it calls.
    """

    context: Context
