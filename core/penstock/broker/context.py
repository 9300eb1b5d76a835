"""The context that a running handler gets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from structlog.stdlib import BoundLogger

from penstock.broker.checkpoints import Checkpoints
from penstock.broker.children import Children
from penstock.broker.delivery import Delivery
from penstock.broker.ports import CheckpointStore, Intake, Reporter, RunReport
from penstock.declarations import (
    Context,
    Installed,
    Interruption,
    Priority,
    Provider,
    TaskType,
    checks,
    child,
)
from penstock.dispatch import ArtifactStore, TaskArtifacts

P = TypeVar("P", bound=Provider)
S = TypeVar("S")


class TaskContext(Context):
    """:class:`~penstock.declarations.Context` over the ledger and the storage."""

    def __init__(
        self,
        delivery: Delivery,
        *,
        ledger: CheckpointStore,
        dispatch: Intake,
        artifacts: ArtifactStore,
        reports: Reporter,
        installed: Installed,
        max_checkpoint_bytes: int,
    ) -> None:
        task = delivery.task
        self.task_id = task.id
        self.task_type = task.type
        self.queue = task.queue
        self.user_id = task.user_id
        self.provider = task.provider
        self.attempt = task.attempts
        self.run = task.run
        self.artifacts = TaskArtifacts(artifacts, task.id)
        self._checkpoints = Checkpoints(ledger, task, max_bytes=max_checkpoint_bytes)
        self._children = Children(dispatch, task)
        self._delivery = delivery
        self._reports = reports
        self._installed = installed

    async def progress(self, percent: float, message: str = "") -> None:
        """See :meth:`penstock.declarations.Context.progress`."""
        self._report.progress(percent, message)

    async def delta(self, text: str) -> None:
        """See :meth:`penstock.declarations.Context.delta`."""
        self._report.delta(text)

    async def save(self, name: str, value: object) -> None:
        """See :meth:`penstock.declarations.Context.save`."""
        await self._checkpoints.save(name, value)

    async def load(self, name: str, kind: type[S]) -> S | None:
        """See :meth:`penstock.declarations.Context.load`."""
        return await self._checkpoints.load(name, kind)

    async def enqueue(
        self,
        name: str,
        task_type: TaskType[Any, Any] | str,
        input: Any,  # noqa: A002  (as in the base)
        *,
        priority: Priority | str | int | None = None,
        delay: timedelta | None = None,
        user_id: str | None = None,
    ) -> UUID:
        """See :meth:`penstock.declarations.Context.enqueue`."""
        type_name, data = child.encode(name, task_type, input)
        return await self._children.enqueue(
            name, type_name, data, priority=priority, delay=delay, user_id=user_id
        )

    async def charge(self, units: int) -> None:
        """See :meth:`penstock.declarations.Context.charge`."""
        checks.at_least_zero(units, of="the units that a run has used")
        if self._delivery.use is not None:
            self._delivery.use.charge(units)

    @cached_property
    def log(self) -> BoundLogger:  # type: ignore[override]  # an attribute, made when it is used
        """See :class:`penstock.declarations.Context`."""
        return self._report.logger()

    @cached_property
    def _report(self) -> RunReport:
        """Most runs say nothing."""
        return self._reports.of(self._delivery.task)

    @property
    def interruption(self) -> Interruption | None:
        """See :attr:`penstock.declarations.Context.interruption`."""
        return self._delivery.interruption

    def settings(self, kind: type[S]) -> S:
        """See :meth:`penstock.declarations.Installed.settings`."""
        return self._installed.settings(kind)

    def providers(self, kind: type[P]) -> Sequence[P]:
        """See :meth:`penstock.declarations.Installed.providers`."""
        return self._installed.providers(kind)
