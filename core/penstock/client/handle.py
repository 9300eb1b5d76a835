"""A submitted task, as whoever submitted it follows it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from penstock.client.errors import TaskFailedError
from penstock.client.task_event import TaskEvent
from penstock.client.task_info import TaskInfo
from penstock.declarations import checks
from penstock.declarations.data_type import DataType
from penstock.ledger import Origin, Status

R = TypeVar("R")


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

    async def ended(self, task_id: UUID, timeout: timedelta | None) -> TaskInfo:
        """The task of that id when it has ended, or as it is after ``timeout``."""
        ...

    def events(self, task_id: UUID, *, after: str | None) -> AsyncGenerator[TaskEvent, None]:
        """What happens to the task of that id."""
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
        output: DataType,
        *,
        origin: Origin = Origin.NEW,
    ) -> None:
        self.id = task_id
        self.type = type_name
        self.origin = origin
        self._access = access
        self._output = output

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
        task = await self._access.ended(self.id, timeout)
        if not task.finished:
            message = (
                f"task {self.id} is {task.status.value} at {task.progress:.0f} % after {timeout}; "
                "it goes on, and .result() may be asked again"
            )
            raise TimeoutError(message)
        if task.status is not Status.SUCCESS:
            error = task.error
            raise TaskFailedError(
                self.id,
                code=error.code if error else task.status.value,
                message=error.message if error else f"it was {task.status.value}",
            )
        result: R = self._output.convert(task.result)
        return result

    async def events(self, *, after: str | None = None) -> AsyncGenerator[TaskEvent, None]:
        """What happens to it, until it has ended: its status, and what its handler says.

        The first is its status as it is, if it has not ended; the last, behind all others, the
        status that it ended with. What was said before is told first, as far as it is kept.

        Args:
            after: the ``id`` of the last event that is known already: what came since is told.

        Raises:
            TaskNotFoundError: it was removed meanwhile.
            ValueError: ``after`` is no id of an event.
            PenstockError: the database is away.
        """
        async with (
            self._access.opened() as access,
            aclosing(access.events(self.id, after=after)) as events,
        ):
            async for event in events:
                yield event

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
