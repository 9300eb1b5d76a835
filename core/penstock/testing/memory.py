"""The world of a run in memory: the other implementation of :mod:`penstock.broker.ports`."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Mapping
from copy import copy
from typing import Any
from uuid import UUID

import msgspec
from structlog.stdlib import BoundLogger
from taskiq import TaskiqMessage, TaskiqMiddleware, TaskiqResult

from penstock.broker.delivery import Delivery
from penstock.broker.task_logger import task_logger
from penstock.clipping import clipped
from penstock.declarations import (
    Artifact,
    Installed,
    PenstockError,
    Queue,
    TaskType,
)
from penstock.declarations.secret import hide_secrets
from penstock.dispatch import Submission
from penstock.ledger import Checkpoint, Outcome, StartedTask, StoredArtifact, TaskRecord
from penstock.processes.size_limits import SizeLimits
from penstock.testing import typed
from penstock.testing.run import Child, LoggedLine, Run

Runs = Mapping[UUID, Run[Any]]
"""The tasks of a harness, by their ids."""
TaskTypes = Mapping[str, TaskType[Any, Any]]


class MemorySource:
    """Hands the outcome of each run of one task type back to who started it."""

    def __init__(self, task_type: TaskType[Any, Any], installed: Installed) -> None:
        self._task_type = task_type
        self.installed = installed
        """See :class:`~penstock.broker.ports.TaskSource`."""
        self._waiting: dict[UUID, asyncio.Future[Outcome]] = {}

    @property
    def queue(self) -> Queue:
        """See :class:`~penstock.broker.ports.TaskSource`."""
        return self._task_type.queue

    def task_type(self, name: str) -> TaskType[Any, Any]:  # noqa: ARG002 - there is but one
        """See :class:`~penstock.broker.ports.TaskSource`."""
        return self._task_type

    def expect(self, delivery: Delivery) -> asyncio.Future[Outcome]:
        """What will become of ``delivery``."""
        future = asyncio.get_running_loop().create_future()
        self._waiting[delivery.task.id] = future
        return future

    async def deliveries(self) -> list[Delivery]:
        """The harness starts each run itself."""
        raise NotImplementedError

    def finish(
        self,
        delivery: Delivery,
        outcome: Outcome,
        committed: Callable[[Outcome], object] | None = None,
    ) -> None:
        """See :class:`~penstock.broker.ports.TaskSource`."""
        future = self._waiting.pop(delivery.task.id)
        if committed is not None:
            answer = committed(outcome)
            if asyncio.iscoroutine(answer):
                self._telling = asyncio.ensure_future(answer)
                self._telling.add_done_callback(lambda _: _set(future, outcome))
                return
        _set(future, outcome)


def _set(future: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not future.done():
        future.set_result(outcome)


class MemoryIntake:
    """Records the children of runs; runs none of them."""

    def __init__(self, runs: Runs, known: TaskTypes) -> None:
        self._runs = runs
        self._known = known

    async def submit(self, submission: Submission) -> TaskRecord:
        """A ``.kiq()`` in a handler has no parent, and nobody would run it."""
        raise PenstockError(
            f"the harness has no queue for a task of type {submission.type!r}; enqueue it by "
            "ctx.enqueue, which records it, or test it on the fixture penstock_services"
        )

    async def submit_child(self, submission: Submission, *, again: bool) -> UUID:  # noqa: ARG002  (ids tell)
        """See :class:`~penstock.broker.ports.Intake`."""
        parent, child_id = submission.parent_id, submission.id
        if parent is None or child_id is None:
            raise PenstockError(f"a child of type {submission.type!r} has no id or no parent")
        if submission.type in self._known:
            typed.input_from_json(self._known[submission.type], submission.input)
        run = self._runs[parent]
        if child_id not in {each.id for each in run.children}:
            run.children.append(
                Child(
                    id=child_id,
                    type=submission.type,
                    input=msgspec.json.decode(submission.input),
                    priority=submission.priority,
                    delay=submission.delay,
                    user_id=submission.user_id,
                )
            )
        run.noted()
        return child_id


class MemoryCheckpoints:
    """The checkpoints of all runs; after one of them a worker may die."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def save_checkpoint(self, checkpoint: Checkpoint) -> bool:
        """See :class:`~penstock.broker.ports.CheckpointStore`."""
        run = self._runs[checkpoint.task_id]
        if checkpoint.run != run.runs:
            return False
        if run.crashed.is_set():
            await _nobody()
        run.saved[checkpoint.name] = checkpoint.data
        run.saves.append(checkpoint.name)
        run.noted()
        if run.crash_after in {checkpoint.name, len(run.saves)}:
            run.crash_after = None
            run.crashed.set()
            await _nobody()
        return True

    async def find_checkpoint(self, task_id: UUID, name: str) -> Checkpoint | None:
        """See :class:`~penstock.broker.ports.CheckpointStore`."""
        run = self._runs[task_id]
        if name not in run.saved:
            return None
        return Checkpoint(task_id=task_id, run=run.runs, name=name, data=run.saved[name])


async def _nobody() -> None:
    """Never return: that is what the death of its process looks like to a handler."""
    await asyncio.get_running_loop().create_future()


class MemoryReports:
    """What all runs say."""

    def __init__(self, runs: Runs, limits: SizeLimits) -> None:
        self._runs = runs
        self._limits = limits

    def of(self, task: StartedTask) -> MemoryReport:
        """See :class:`~penstock.broker.ports.Reporter`."""
        return MemoryReport(self._runs[task.id], task, self._limits)


class MemoryReport:
    """What one run says; see :class:`~penstock.broker.ports.RunReport`."""

    def __init__(self, run: Run[Any], task: StartedTask, limits: SizeLimits) -> None:
        self._run = run
        self._task = task
        self._limits = limits

    def progress(self, percent: float, message: str) -> None:
        """How far it is."""
        text = clipped(message, self._limits.progress_message)
        self._run.progress.append((min(max(float(percent), 0.0), 100.0), text))
        self._run.noted()

    def delta(self, text: str) -> None:
        """A text goes on."""
        self._run.text += text
        self._run.noted()

    def logger(self) -> BoundLogger:
        """A worker's, which hands its lines over."""
        task = self._task
        return task_logger(
            self._keep,
            level=logging.DEBUG,
            most=self._limits.log_line,
            task_id=str(task.id),
            task_type=task.type,
            attempt=task.attempts,
        )

    def _keep(self, level: str, message: str, fields: msgspec.Raw) -> None:
        line = LoggedLine(
            run=self._task.run,
            level=level,
            message=message,
            fields=msgspec.json.decode(fields),
        )
        self._run.logs.append(line)
        self._run.noted()


class MemoryFiles:
    """The rows of stored files."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self.rows: dict[UUID, StoredArtifact] = {}

    async def add_artifact(self, artifact: StoredArtifact) -> None:
        """Remember a stored file."""
        self.rows[artifact.id] = artifact
        if artifact.task_id in self._runs:
            run = self._runs[artifact.task_id]
            fields = {name: getattr(artifact, name) for name in Artifact.__struct_fields__}
            run.artifacts.append(Artifact(**fields))
            run.noted()

    async def find_artifact(self, artifact_id: UUID) -> StoredArtifact | None:
        """The stored file of that id, if there is one."""
        return self.rows.get(artifact_id)


class SettingsGiven(dict[type[Any], Any]):
    """What a test set; what else plugins declare is as on a fresh installation.

    Args:
        declared: the types of settings that the plugins which are installed declare.
    """

    def __init__(self, declared: Callable[[], Collection[type[Any]]]) -> None:
        super().__init__()
        self._declared = declared

    def give(self, value: Any) -> None:
        """Set what the settings of this type are, with the secrets hidden as on a worker."""
        self[type(value)] = hide_secrets(copy(value))

    def __missing__(self, kind: type[Any]) -> Any:
        if kind not in self._declared():
            raise KeyError(kind)
        return kind()


class Witness(TaskiqMiddleware):
    """Sees the exceptions of handlers, of which the outcome holds only a description."""

    def __init__(self, runs: Runs) -> None:
        super().__init__()
        self._runs = runs

    def on_error(
        self, message: TaskiqMessage, result: TaskiqResult[Any], exception: BaseException
    ) -> None:
        """Note what was raised; of a ``def`` handler, what can be made again of it."""
        error = result.error
        self._runs[UUID(message.task_id)].exception = exception if error is None else error


class NoJitter(random.Random):
    """Always the middle: delays in a test are what the policy says, to the millisecond."""

    def uniform(self, a: float, b: float) -> float:
        """The middle of both."""
        return (a + b) / 2
