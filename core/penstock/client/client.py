"""The client: application code's way to the ledger and the queues, without HTTP."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, overload
from uuid import UUID

import msgspec

from penstock.app import Application
from penstock.client.errors import TaskNotFoundError, TaskStatusError
from penstock.client.handle import TaskHandle
from penstock.client.task_info import TaskInfo
from penstock.declarations import DeclarationError, PenstockError, Priority, TaskType, checks
from penstock.dispatch import MOST_AT_ONCE, Submission, Swept
from penstock.dispatch.inputs import MAX_DELAY
from penstock.ledger import TaskFilter, TaskSummary, Transition
from penstock.plugins import discover, load
from penstock.settings import Settings

I = TypeVar("I")  # noqa: E741  (the input's type, as R is the result's)
P = ParamSpec("P")
R = TypeVar("R")
_PAGE = 200


class Client:
    """Submits tasks, and looks at them, over the installation's own database and Redis.

    Entered as ``async with Client() as client:`` it keeps its connections, which is what a service
    wants. Otherwise each call opens connections of its own and closes them: fine for a script,
    and some milliseconds dearer.

    Args:
        environ: where settings are read from; this process's environment if left out.
        directory: the folder with ``.env.local`` and the data folder; the working directory if
            left out.
    """

    def __init__(
        self, *, environ: Mapping[str, str] | None = None, directory: Path | None = None
    ) -> None:
        self._environ = environ
        self._directory = directory
        self._application: Application | None = None

    async def __aenter__(self) -> Self:
        """Open the connections.

        Raises:
            PenstockError: the settings cannot be honoured, or the client is open already.
        """
        if self._application is not None:
            raise PenstockError("this client is open already; enter it once, or make another one")
        self._application = self._build()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close them; tasks that were accepted go on."""
        application, self._application = self._application, None
        if application is not None:
            await application.close()

    @overload
    async def submit(
        self,
        task_type: TaskType[Concatenate[I, P], R],
        input: I,
        *,
        user_id: str | None = None,
        priority: Priority | str | int = Priority.NORMAL,
        delay: timedelta | None = None,
    ) -> TaskHandle[R]: ...

    @overload
    async def submit(
        self,
        task_type: str,
        input: Any,
        *,
        user_id: str | None = None,
        priority: Priority | str | int = Priority.NORMAL,
        delay: timedelta | None = None,
    ) -> TaskHandle[Any]: ...

    async def submit(
        self,
        task_type: TaskType[Any, Any] | str,
        input: Any,  # noqa: A002  (the API's own word for it)
        *,
        user_id: str | None = None,
        priority: Priority | str | int = Priority.NORMAL,
        delay: timedelta | None = None,
    ) -> TaskHandle[Any]:
        """Accept a task; on return its row is committed, and it will run.

        Args:
            task_type: a declared task type, or the name of an installed one.
            input: what the task type takes, or the same as plain dicts and lists.
            user_id: for whom it is done.
            priority: ``urgent``, ``high``, ``normal`` or ``low``, or its number.
            delay: run it no earlier than after this time.

        Raises:
            ValueError: an unknown priority, an input that does not fit the task type, or a delay
                that is not from 0 to 365 days.
            LookupError: no installed plugin has this task type.
            QueueFullError: as many tasks wait as may; its ``retry_after`` says when to try again.
            PenstockError: the database is away.
        """
        name = task_type if isinstance(task_type, str) else task_type.name
        ranked = Priority.parse(priority)
        checks.instance(user_id, str | None, of="user_id")
        checks.instance(delay, timedelta | None, of="delay")
        if delay is not None and not timedelta(0) <= delay <= MAX_DELAY:
            message = f"expected delay to be from 0 to {MAX_DELAY.days} days, got {delay}"
            raise DeclarationError(message)
        try:
            encoded = msgspec.json.encode(input)
        except (TypeError, ValueError, msgspec.MsgspecError) as error:
            message = f"expected input of task type {name!r} to have a JSON form: {error}"
            raise DeclarationError(message) from error
        async with self.opened() as client:
            application = client._require()  # noqa: SLF001  (another of this very class)
            found = application.catalogue.task_type(name)
            submission = Submission(name, encoded, priority=ranked, user_id=user_id, delay=delay)
            record = await application.dispatch.submit(submission)
        return TaskHandle(self, record.id, record.type, found.output_type)

    async def task(self, task_id: UUID) -> TaskInfo:
        """The task of that id, as the ledger has it now.

        Raises:
            TaskNotFoundError: there is none.
            PenstockError: the database is away.
        """
        async with self.opened() as client:
            record = await client._require().dispatch.find(task_id)  # noqa: SLF001
        if record is None:
            raise TaskNotFoundError(task_id)
        return TaskInfo.of(record)

    async def cancel(self, task_id: UUID, *, reason: str = "") -> TaskInfo:
        """Cancel a task; see :meth:`TaskHandle.cancel`.

        Raises:
            TaskNotFoundError: there is none.
            PenstockError: the database is away.
        """
        by = "cancelled by the application"
        async with self.opened() as client:
            dispatch = client._require().dispatch  # noqa: SLF001
            found = await dispatch.cancel(task_id, reason=f"{by}: {reason}" if reason else by)
            if found is None:
                raise TaskNotFoundError(task_id)
            return await client.task(task_id)

    async def retry(self, task_id: UUID) -> TaskInfo:
        """Run a failed or cancelled task again; see :meth:`TaskHandle.retry`.

        Raises:
            TaskNotFoundError: there is none.
            TaskStatusError: it is open, or has succeeded.
            PenstockError: the database is away.
        """
        async with self.opened() as client:
            found = await client._require().dispatch.retry(task_id)  # noqa: SLF001
            if found is None:
                raise TaskNotFoundError(task_id)
            if not found.changed:
                message = "only a task that failed or was cancelled can run again"
                raise TaskStatusError(task_id, status=found.status, message=message)
            return await client.task(task_id)

    async def tasks(self, wanted: TaskFilter | None = None) -> AsyncIterator[TaskSummary]:
        """All tasks that fit ``wanted``, newest first, without their inputs and results.

        They are read page by page, as they are asked for.

        Raises:
            PenstockError: the database is away.
        """
        before: UUID | None = None
        async with self.opened() as client:
            dispatch = client._require().dispatch  # noqa: SLF001
            while True:
                page = await dispatch.tasks(wanted or TaskFilter(), before=before, limit=_PAGE)
                for task in page.tasks:
                    yield task
                if page.next is None:
                    return
                before = page.next

    async def cancel_many(
        self, which: Sequence[UUID] | TaskFilter, *, reason: str = ""
    ) -> dict[UUID, Transition]:
        """Cancel tasks by their ids, or all open ones that fit; see :meth:`TaskHandle.cancel`.

        Returns:
            Each task that there is: its status, and whether that was changed.

        Raises:
            PenstockError: the database is away; some of them may be cancelled.
        """
        by = "cancelled by the application"
        why = f"{by}: {reason}" if reason else by
        async with self.opened() as client:
            dispatch = client._require().dispatch  # noqa: SLF001
            if not isinstance(which, TaskFilter):
                return await dispatch.cancel_all(which, reason=why)

            async def sweep(before: UUID | None) -> Swept:
                return await dispatch.cancel_found(
                    which, before=before, limit=MOST_AT_ONCE, reason=why
                )

            return await _all(sweep)

    async def retry_many(self, which: Sequence[UUID] | TaskFilter) -> dict[UUID, Transition]:
        """Run failed and cancelled tasks again, by their ids or all that fit.

        Returns:
            Each task that there is: its status, and whether that was changed.

        Raises:
            PenstockError: the database is away; some of them may run again.
        """
        async with self.opened() as client:
            dispatch = client._require().dispatch  # noqa: SLF001
            if not isinstance(which, TaskFilter):
                return await dispatch.retry_all(which)

            async def sweep(before: UUID | None) -> Swept:
                return await dispatch.retry_found(which, before=before, limit=MOST_AT_ONCE)

            return await _all(sweep)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Client]:
        """This client if it is open, else one that is open for as long as the context lasts."""
        if self._application is not None:
            yield self
            return
        async with Client(environ=self._environ, directory=self._directory) as client:
            yield client

    def _build(self) -> Application:
        entry_points = discover()
        settings = Settings.load(
            os.environ if self._environ is None else self._environ,
            self._directory or Path.cwd(),
            plugins=[each.name for each in entry_points],
        )
        return Application(settings, load(entry_points))

    def _require(self) -> Application:
        if self._application is None:
            raise PenstockError("this client is closed; use it inside its 'async with' block")
        return self._application


async def _all(sweep: Callable[[UUID | None], Awaitable[Swept]]) -> dict[UUID, Transition]:
    """What became of all tasks that a filter finds, step by step."""
    found: dict[UUID, Transition] = {}
    before: UUID | None = None
    while True:
        swept = await sweep(before)
        found |= swept.found
        if swept.next is None:
            return found
        before = swept.next
