"""The client: application code's way to the ledger and the queues, without HTTP."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, overload
from uuid import UUID

from penstock.app import Application
from penstock.client.batch_handle import BatchHandle, BatchInfo
from penstock.client.callback import Callback
from penstock.client.errors import BatchNotFoundError, TaskNotFoundError, TaskStatusError
from penstock.client.handle import TaskHandle
from penstock.client.request import TaskRequest
from penstock.client.task_info import TaskInfo
from penstock.declarations import DeclarationError, PenstockError, Priority, TaskType, checks
from penstock.dispatch import BatchSubmission, Submission
from penstock.dispatch.batch_submission import MAX_BATCH_NAME_LENGTH, MAX_BATCH_TASKS
from penstock.ledger import BatchRecord
from penstock.plugins import discover, load
from penstock.settings import Settings

I = TypeVar("I")  # noqa: E741  (the input's type, as R is the result's)
P = ParamSpec("P")
R = TypeVar("R")


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
        request: TaskRequest[Any] = TaskRequest(
            task_type, input, user_id=user_id, priority=priority, delay=delay
        )
        submission = request.submission
        async with self.opened() as client:
            application = client._require()  # noqa: SLF001  (another of this very class)
            found = application.catalogue.task_type(submission.type)
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

    async def submit_batch(
        self,
        requests: Sequence[TaskRequest[Any]],
        *,
        callback: Callback | None = None,
        name: str = "",
        user_id: str | None = None,
        sealed: bool = True,
    ) -> BatchHandle:
        """Accept tasks that are counted together, all of them or none.

        On return they are committed, and will run; and so will the callback, once, when all of
        them have ended.

        Args:
            requests: the first tasks; at most 1,000 at once.
            callback: what shall run in the end.
            name: for people.
            user_id: for whom the callback is done, and tasks that do not say so.
            sealed: whether these are all. If not, :meth:`BatchHandle.add` takes more, and
                :meth:`BatchHandle.seal` ends that.

        Raises:
            BatchPartError: a task or the callback cannot be accepted; ``place`` says which.
            QueueFullError: as many tasks wait as may; its ``retry_after`` says when to try again.
            PenstockError: the database is away.
        """
        checks.instance(callback, Callback | None, of="callback")
        checks.instance(user_id, str | None, of="user_id")
        checks.instance(sealed, bool, of="sealed")
        checks.instance(name, str, of="the name of a batch")
        if len(name) > MAX_BATCH_NAME_LENGTH:
            message = (
                f"expected the name of a batch to have at most {MAX_BATCH_NAME_LENGTH} "
                f"characters, got {len(name)}"
            )
            raise DeclarationError(message)
        wanted = BatchSubmission(
            tasks=_submissions(requests),
            callback=callback.submission if callback else None,
            name=name,
            user_id=user_id,
            sealed=sealed,
        )
        async with self.opened() as client:
            batches = client._require().dispatch.batches  # noqa: SLF001
            record = await batches.submit(wanted, by="the application")
        return BatchHandle(self, record.id)

    async def batch(self, batch_id: UUID) -> BatchInfo:
        """The batch of that id, as the ledger has it now.

        Raises:
            BatchNotFoundError: there is none.
            PenstockError: the database is away.
        """
        async with self.opened() as client:
            batches = client._require().dispatch.batches  # noqa: SLF001
            return _there(batch_id, await batches.find(batch_id))

    async def add_to_batch(self, batch_id: UUID, requests: Sequence[TaskRequest[Any]]) -> BatchInfo:
        """Accept more tasks of a batch; see :meth:`BatchHandle.add`."""
        async with self.opened() as client:
            batches = client._require().dispatch.batches  # noqa: SLF001
            return _there(batch_id, await batches.add(batch_id, _submissions(requests)))

    async def seal_batch(self, batch_id: UUID) -> BatchInfo:
        """Take no more tasks of a batch; see :meth:`BatchHandle.seal`."""
        async with self.opened() as client:
            batches = client._require().dispatch.batches  # noqa: SLF001
            return _there(batch_id, await batches.seal(batch_id))

    async def cancel_batch(self, batch_id: UUID, *, reason: str = "") -> BatchInfo:
        """Cancel the open tasks of a batch; see :meth:`BatchHandle.cancel`."""
        by = f"batch {batch_id} was cancelled by the application"
        async with self.opened() as client:
            batches = client._require().dispatch.batches  # noqa: SLF001
            record = await batches.cancel(batch_id, reason=f"{by}: {reason}" if reason else by)
        return _there(batch_id, record)

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


def _submissions(requests: Sequence[TaskRequest[Any]]) -> list[Submission]:
    if len(requests) > MAX_BATCH_TASKS:
        message = (
            f"expected at most {MAX_BATCH_TASKS} requests at once, got {len(requests)}; submit the "
            "batch with sealed=False, and add the others"
        )
        raise DeclarationError(message)
    for each in requests:
        checks.instance(each, TaskRequest, of="every request of a batch")
    return [each.submission for each in requests]


def _there(batch_id: UUID, record: BatchRecord | None) -> BatchInfo:
    if record is None:
        raise BatchNotFoundError(batch_id)
    return BatchInfo.of(record)
