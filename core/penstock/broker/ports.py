"""What the run of a handler needs of the world, as interfaces.

A worker's implementations stand beside this file, over the ledger and Redis; those of
:mod:`penstock.testing` keep all of it in memory, so that a test runs the very code that a worker
runs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import msgspec
from structlog.stdlib import BoundLogger

from penstock.broker.delivery import Delivery
from penstock.declarations import Context, Installed, Queue, SyncTaskType, TaskType
from penstock.dispatch import Submission
from penstock.ledger import Checkpoint, Outcome, StartedTask, TaskRecord


class TaskSource(Protocol):
    """Where a receiver takes tasks from, and leaves what became of them."""

    @property
    def queue(self) -> Queue:
        """The queue, as its policy is at present."""
        ...

    def task_type(self, name: str) -> TaskType[Any, Any]:
        """A task type, as its policy is at present."""
        ...

    @property
    def installed(self) -> Installed:
        """What handlers may ask of plugins, with the present limits of providers."""
        ...

    async def deliveries(self) -> list[Delivery]:
        """The tasks that are started next."""
        ...

    def finish(
        self,
        delivery: Delivery,
        outcome: Outcome,
        committed: Callable[[Outcome], object] | None = None,
    ) -> None:
        """Free the slot, record ``outcome``, then tell ``committed``."""
        ...


class Intake(Protocol):
    """What accepts tasks."""

    async def submit(self, submission: Submission) -> TaskRecord:
        """Accept a task."""
        ...

    async def submit_child(self, submission: Submission, *, again: bool) -> UUID:
        """Accept a task that a running one enqueues, perhaps once more."""
        ...


class CheckpointStore(Protocol):
    """What keeps checkpoints."""

    async def save_checkpoint(self, checkpoint: Checkpoint) -> bool:
        """Keep one; False if its run was superseded."""
        ...

    async def find_checkpoint(self, task_id: UUID, name: str) -> Checkpoint | None:
        """The one of that name, if there is one."""
        ...


class RunReport(Protocol):
    """What one run says of itself; see :class:`~penstock.declarations.Context`."""

    def progress(self, percent: float, message: str) -> None:
        """How far it is."""
        ...

    def delta(self, text: str) -> None:
        """A text goes on."""
        ...

    def logger(self) -> BoundLogger:
        """Its own logger."""
        ...


class Reporter(Protocol):
    """What takes the reports of all runs."""

    def of(self, task: StartedTask) -> RunReport:
        """What a run has to say."""
        ...


class HandlerProcesses(Protocol):
    """What runs ``def`` handlers; see :meth:`penstock.processes.pool.ProcessPool.run`."""

    async def run(
        self,
        task_type: SyncTaskType[Any, Any],
        input: str,  # noqa: A002  (what the whole project calls it)
        context: Context,
        *,
        plugin: str,
        timeout: timedelta | None = None,
        on_start: Callable[[], object] = lambda: None,
    ) -> msgspec.Raw:
        """Run the handler, and return its output as JSON."""
        ...
