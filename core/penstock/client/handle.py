"""A submitted task, as whoever submitted it follows it."""

from __future__ import annotations

import asyncio
import math
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec

from penstock.client.errors import TaskFailedError
from penstock.client.task_info import TaskInfo
from penstock.declarations import checks
from penstock.ledger import Origin, Status

R = TypeVar("R")

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


class TaskAccess(Protocol):
    """Where a handle looks its task up, and steers it."""

    async def task(self, task_id: UUID) -> TaskInfo:
        """The task of that id, as the ledger has it now."""
        ...

    async def cancel(self, task_id: UUID, *, reason: str = "") -> TaskInfo:
        """Cancel the task of that id."""
        ...

    async def retry(self, task_id: UUID) -> TaskInfo:
        """Run the task of that id again."""
        ...

    def opened(self) -> AbstractAsyncContextManager[TaskAccess]:
        """The same, with connections that it keeps for as long as the context lasts."""
        ...


class TaskHandle(Generic[R]):
    """A task that was accepted. ``id`` is all that is needed to find it again.

    Attributes:
        id: the task's id, as in the API and the ``task`` table.
        type: the name of its task type.
        origin: ``new``; ``replayed``, if the idempotency key was used before; or ``existing``, if
            it is unique and was open already.
    """

    def __init__(
        self,
        access: TaskAccess,
        task_id: UUID,
        type_name: str,
        output_type: Any,
        *,
        origin: Origin = Origin.NEW,
    ) -> None:
        self.id = task_id
        self.type = type_name
        self.origin = origin
        self._access = access
        self._output_type = output_type

    async def status(self) -> TaskInfo:
        """The task as the ledger has it now.

        Raises:
            TaskNotFoundError: it was removed meanwhile.
        """
        return await self._access.task(self.id)

    async def result(self, *, timeout: timedelta | None = None) -> R:
        """Wait for the outcome, and return what the handler returned.

        Args:
            timeout: how long to wait; for ever if left out. The task goes on in any case.

        Raises:
            TaskFailedError: it failed, or was cancelled.
            TaskNotFoundError: it was removed meanwhile.
            TimeoutError: it has not ended yet.
            PenstockError: the database is away; the task goes on, and this may be called again.
        """
        if timeout is not None:
            checks.instance(timeout, timedelta, of="timeout of TaskHandle.result")
        now = asyncio.get_running_loop().time
        deadline = now() + timeout.total_seconds() if timeout is not None else math.inf
        pause = _FIRST_PAUSE
        async with self._access.opened() as access:
            while not (task := await access.task(self.id)).finished:
                if now() >= deadline:
                    message = (
                        f"task {self.id} is {task.status.value} at {task.progress:.0f} % after "
                        f"{timeout}; it goes on, and .result() may be asked again"
                    )
                    raise TimeoutError(message)
                await asyncio.sleep(min(pause, max(deadline - now(), 0)))
                pause = min(pause * 1.5, _LONGEST_PAUSE)
        if task.status is not Status.SUCCESS:
            error = task.error
            raise TaskFailedError(
                self.id,
                code=error.code if error else task.status.value,
                message=error.message if error else f"it was {task.status.value}",
            )
        result: R = msgspec.convert(task.result, self._output_type, str_keys=True)
        return result

    async def cancel(self, reason: str = "") -> TaskInfo:
        """Cancel it: at once if it waits; if it runs, its worker is told and stops it.

        A run that succeeds before it is stopped has succeeded; :meth:`result` tells.

        Args:
            reason: for people, and for the task's handler.

        Returns:
            The task after that: cancelled, running still, or as it had ended already.

        Raises:
            TaskNotFoundError: it was removed meanwhile.
        """
        return await self._access.cancel(self.id, reason=reason)

    async def retry(self) -> TaskInfo:
        """Run it again, with all its attempts, if it failed or was cancelled.

        Raises:
            TaskStatusError: it is open, or has succeeded.
            TaskNotFoundError: it was removed meanwhile.
        """
        return await self._access.retry(self.id)

    def __repr__(self) -> str:
        return f"<task {self.type} {self.id}>"
