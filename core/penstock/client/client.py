"""The client: application code's way to the ledger and the queues, without HTTP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, overload
from uuid import UUID

from penstock.app import Application
from penstock.client.batch_handle import BatchHandle, BatchInfo
from penstock.client.callback import Callback
from penstock.client.errors import BatchNotFoundError, TaskNotFoundError, TaskStatusError
from penstock.client.handle import TaskAccess, TaskHandle
from penstock.client.request import PRINCIPAL, TaskRequest, checked_key
from penstock.client.task_event import TaskEvent
from penstock.client.task_info import TaskInfo
from penstock.client.transaction import (
    AsyncTransaction,
    connection_of,
    require_same_database,
)
from penstock.declarations import DeclarationError, PenstockError, Priority, TaskType, checks
from penstock.dispatch import MOST_AT_ONCE, BatchSubmission, RequestKey, Submission, Swept
from penstock.dispatch.batch_submission import MAX_BATCH_NAME_LENGTH, MAX_BATCH_TASKS
from penstock.dispatch.bulk import MAX_TASKS
from penstock.dispatch.sameness import fingerprint_of_all, fingerprint_of_batch, fingerprint_of_part
from penstock.events import Position
from penstock.ledger import (
    Accepted,
    BatchRecord,
    LedgerUnavailableError,
    TaskFilter,
    TaskSummary,
    Transition,
)
from penstock.plugins import discover
from penstock.selected_plugins import selected
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

    @property
    def application(self) -> Application:
        """What it is connected to.

        Raises:
            PenstockError: it is closed.
        """
        if self._application is None:
            raise PenstockError("this client is closed; use it inside its 'async with' block")
        return self._application

    def handle(
        self, accepted: Accepted, type_name: str, *, access: TaskAccess | None = None
    ) -> TaskHandle[Any]:
        """The handle of a task that was accepted, of a type that is installed."""
        output = self.application.catalogue.task_type(type_name).output
        return TaskHandle(
            access or self, accepted.task_id, type_name, output, origin=accepted.origin
        )

    async def __aenter__(self) -> Self:
        """Open the connections.

        Raises:
            PenstockError: the settings cannot be honoured, the database is another
                installation's, or the client is open already.
        """
        if self._application is not None:
            raise PenstockError("this client is open already; enter it once, or make another one")
        application = self._build()
        try:
            # One that is away is no reason not to start, as for API and workers.
            with suppress(LedgerUnavailableError):
                await application.ownership.require()
        except BaseException:
            await application.close()
            raise
        self._application = application
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close them; tasks that were accepted go on."""
        application = self.abandon()
        if application is not None:
            await application.close()

    def abandon(self) -> Application | None:
        """Be closed, and close nothing: in a forked process all of it is the parent's."""
        application, self._application = self._application, None
        return application

    @overload
    async def submit(
        self,
        task_type: TaskType[Concatenate[I, P], R],
        input: I,
        *,
        user_id: str | None = None,
        priority: Priority | str | int = Priority.NORMAL,
        delay: timedelta | None = None,
        idempotency_key: str | None = None,
        unique: bool | None = None,
        session: AsyncTransaction | None = None,
        run_at: datetime | None = None,
        ttl: timedelta | None = None,
        deadline: datetime | None = None,
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
        idempotency_key: str | None = None,
        unique: bool | None = None,
        session: AsyncTransaction | None = None,
        run_at: datetime | None = None,
        ttl: timedelta | None = None,
        deadline: datetime | None = None,
    ) -> TaskHandle[Any]: ...

    async def submit(  # noqa: D417  (the terms are described one by one)
        self,
        task_type: Any,
        input: Any,  # noqa: A002  (the API's own word for it)
        *,
        session: AsyncTransaction | None = None,
        **terms: Any,
    ) -> TaskHandle[Any]:
        """Accept a task; on return its row is committed, and it will run.

        With a ``session`` its row is part of the caller's transaction: it runs when that is
        committed, and never if it is rolled back.

        Args:
            task_type: a declared task type, or the name of an installed one.
            input: what the task type takes, or the same as plain dicts and lists.
            user_id: for whom it is done.
            priority: ``urgent``, ``high``, ``normal`` or ``low``, or its number.
            delay: run it no earlier than after this time.
            idempotency_key: 1 to 255 visible ASCII characters. The same submission with the same
                key is the same task, for ``PENSTOCK_IDEMPOTENCY_TTL_SECONDS``.
            unique: while a task of the same type, user and input is open, that one is meant, as it
                is; as the task type says if left out.
            session: an ``AsyncSession`` or ``AsyncConnection`` of SQLAlchemy, on the ledger's
                database, for a client that was entered.
            run_at: the same, as a moment with its zone; one of both.
            ttl: a task that has not started after this time fails with ``expired``.
            deadline: a task that has not ended by then fails with ``deadline_exceeded``: a run is
                stopped, and no other begins.

        Raises:
            ValueError: an unknown priority, an input that does not fit the task type, a delay that
                is not from 0 to 365 days, times that leave none to run in, a key that is none, or
                a session on another database.
            LookupError: no installed plugin has this task type.
            QueueFullError: as many tasks wait as may; its ``retry_after`` says when to try again.
            IdempotencyKeyReusedError: the key was used before for something else.
            PenstockError: the database is away.
        """
        request: TaskRequest[Any] = TaskRequest(task_type, input, **terms)
        if session is None:
            (handle,) = await self.submit_many([request])
            return handle
        application = self.application
        connection = await connection_of(session)
        ledger = await application.ledger.identity()
        await connection.run_sync(require_same_database, ledger=ledger)
        task = await application.dispatch.prepare(request.submission)
        accepted = await connection.run_sync(
            application.dispatch.write_within, task, loop=asyncio.get_running_loop()
        )
        return self.handle(accepted, task.type)

    async def submit_many(
        self, requests: Sequence[TaskRequest[R]], *, idempotency_key: str | None = None
    ) -> list[TaskHandle[R]]:
        """Accept tasks, all of them or none; on return their rows are committed.

        Args:
            requests: what is asked for; at most 1,000.
            idempotency_key: the very same requests with the same key are the same tasks.

        Raises:
            BulkRefusedError: some cannot be accepted; its ``faults`` say which, and why.
            Exception: as :meth:`submit` does, of all of them.
        """
        if len(requests) > MAX_TASKS:
            message = f"expected at most {MAX_TASKS} requests at once, got {len(requests)}"
            raise DeclarationError(message)
        submissions = [each.submission for each in requests]
        key = _request_key(idempotency_key, lambda: fingerprint_of_all(submissions))
        async with self.opened() as client:
            dispatch = client.application.dispatch
            if len(submissions) == 1 and key is None:
                # It shares a transaction with others, and its error is its own.
                answers = [await dispatch.accept(submissions[0])]
            else:
                answers = await dispatch.submit_all(submissions, key=key)
            return [
                client.handle(Accepted(each.task.id, each.origin), each.task.type, access=self)
                for each in answers
            ]

    async def task(self, task_id: UUID) -> TaskInfo:
        """The task of that id, as the ledger has it now.

        Raises:
            TaskNotFoundError: there is none.
            PenstockError: the database is away.
        """
        async with self.opened() as client:
            record = await client.application.dispatch.find(task_id)
        if record is None:
            raise TaskNotFoundError(task_id)
        return TaskInfo.of(record)

    async def ended(self, task_id: UUID, timeout: timedelta | None = None) -> TaskInfo:
        """The task of that id when it has ended, or as it is after ``timeout``.

        Raises:
            TaskNotFoundError: there is none.
            PenstockError: the database is away.
        """
        async with self.opened() as client:
            record = await client.application.hub.ended(task_id, timeout)
        if record is None:
            raise TaskNotFoundError(task_id)
        return TaskInfo.of(record)

    async def events(
        self, task_id: UUID, *, after: str | None = None
    ) -> AsyncGenerator[TaskEvent, None]:
        """What happens to a task; see :meth:`TaskHandle.events`.

        Raises:
            TaskNotFoundError: there is none.
            ValueError: ``after`` is no id of an event.
            PenstockError: the database is away.
        """
        position = None if after is None else _position(after)
        async with self.opened() as client:
            application = client.application
            record = await application.dispatch.find(task_id)
            if record is None:
                raise TaskNotFoundError(task_id)
            async with aclosing(application.hub.follow(record, after=position)) as batches:
                async for batch in batches:
                    for news in batch:
                        yield TaskEvent.of(news)

    async def cancel(self, task_id: UUID, *, reason: str = "") -> TaskInfo:
        """Cancel a task; see :meth:`TaskHandle.cancel`.

        Raises:
            TaskNotFoundError: there is none.
            PenstockError: the database is away.
        """
        by = "cancelled by the application"
        async with self.opened() as client:
            dispatch = client.application.dispatch
            found = await dispatch.cancel(task_id, reason=f"{by}: {reason}" if reason else by)
            if found is None:
                raise TaskNotFoundError(task_id)
            return await client.task(task_id)

    async def retry(self, task_id: UUID) -> TaskInfo:
        """Run a failed or cancelled task again; see :meth:`TaskHandle.retry`.

        Raises:
            TaskNotFoundError: there is none.
            TaskStatusError: it is open, or has succeeded, or its deadline has passed.
            PenstockError: the database is away.
        """
        async with self.opened() as client:
            found = await client.application.dispatch.retry(task_id)
            if found is None:
                raise TaskNotFoundError(task_id)
            if not found.changed:
                message = (
                    "its deadline has passed; submit a new task with a later one"
                    if found.too_late
                    else "only a task that failed or was cancelled can run again"
                )
                raise TaskStatusError(task_id, status=found.status, message=message)
            return await client.task(task_id)

    async def tasks(
        self, wanted: TaskFilter | None = None, *, before: UUID | None = None
    ) -> AsyncGenerator[TaskSummary, None]:
        """All tasks that fit ``wanted``, newest first, without their inputs and results.

        They are read page by page, as they are asked for.

        Args:
            wanted: which ones; all if left out.
            before: only those that were accepted before this one: the last that is known already.

        Raises:
            PenstockError: the database is away.
        """
        async with self.opened() as client:
            dispatch = client.application.dispatch
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
            dispatch = client.application.dispatch
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
            dispatch = client.application.dispatch
            if not isinstance(which, TaskFilter):
                return await dispatch.retry_all(which)

            async def sweep(before: UUID | None) -> Swept:
                return await dispatch.retry_found(which, before=before, limit=MOST_AT_ONCE)

            return await _all(sweep)

    async def submit_batch(
        self,
        requests: Sequence[TaskRequest[Any]],
        *,
        callback: Callback | None = None,
        name: str = "",
        user_id: str | None = None,
        sealed: bool = True,
        idempotency_key: str | None = None,
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
            idempotency_key: the very same batch with the same key is the same one.

        Raises:
            BatchPartError: a task or the callback cannot be accepted; ``place`` says which.
            IdempotencyKeyReusedError: the key was used before for something else.
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
        key = _request_key(idempotency_key, lambda: fingerprint_of_batch(wanted))
        async with self.opened() as client:
            batches = client.application.dispatch.batches
            record = await batches.submit(wanted, by="the application", key=key)
        return BatchHandle(self, record.id)

    async def batch(self, batch_id: UUID) -> BatchInfo:
        """The batch of that id, as the ledger has it now.

        Raises:
            BatchNotFoundError: there is none.
            PenstockError: the database is away.
        """
        async with self.opened() as client:
            batches = client.application.dispatch.batches
            return _there(batch_id, await batches.find(batch_id))

    async def batches(self, *, before: UUID | None = None) -> AsyncGenerator[BatchInfo, None]:
        """All batches, newest first, read page by page as they are asked for.

        Args:
            before: only those that were accepted before this one: the last that is known already.

        Raises:
            PenstockError: the database is away.
        """
        async with self.opened() as client:
            batches = client.application.dispatch.batches
            while True:
                page = await batches.page(before=before, limit=_PAGE)
                for each in page.batches:
                    yield BatchInfo.of(each)
                if page.next is None:
                    return
                before = page.next

    async def batch_has_finished(self, batch_id: UUID) -> bool:
        """Whether a batch has finished; cheaper than :meth:`batch`, which counts its tasks.

        Raises:
            BatchNotFoundError: there is none.
            PenstockError: the database is away.
        """
        async with self.opened() as client:
            finished = await client.application.dispatch.batches.has_finished(batch_id)
        if finished is None:
            raise BatchNotFoundError(batch_id)
        return finished

    async def add_to_batch(
        self,
        batch_id: UUID,
        requests: Sequence[TaskRequest[Any]],
        *,
        idempotency_key: str | None = None,
    ) -> BatchInfo:
        """Accept more tasks of a batch; see :meth:`BatchHandle.add`."""
        submissions = _submissions(requests)
        key = _request_key(idempotency_key, lambda: fingerprint_of_part(batch_id, submissions))
        async with self.opened() as client:
            batches = client.application.dispatch.batches
            return _there(batch_id, await batches.add(batch_id, submissions, key=key))

    async def seal_batch(self, batch_id: UUID) -> BatchInfo:
        """Take no more tasks of a batch; see :meth:`BatchHandle.seal`."""
        async with self.opened() as client:
            batches = client.application.dispatch.batches
            return _there(batch_id, await batches.seal(batch_id))

    async def cancel_batch(self, batch_id: UUID, *, reason: str = "") -> BatchInfo:
        """Cancel the open tasks of a batch; see :meth:`BatchHandle.cancel`."""
        by = f"batch {batch_id} was cancelled by the application"
        async with self.opened() as client:
            batches = client.application.dispatch.batches
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
        settings = Settings.load(
            os.environ if self._environ is None else self._environ,
            self._directory or Path.cwd(),
            plugins=[each.name for each in discover()],
        )
        return Application(settings, selected(settings))


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


def _request_key(idempotency_key: str | None, fingerprint: Callable[[], str]) -> RequestKey | None:
    key = checked_key(idempotency_key)
    return None if key is None else RequestKey(PRINCIPAL, key, fingerprint())


def _there(batch_id: UUID, record: BatchRecord | None) -> BatchInfo:
    if record is None:
        raise BatchNotFoundError(batch_id)
    return BatchInfo.of(record)


def _position(after: str) -> Position:
    try:
        return Position.parse(after)
    except ValueError as error:
        raise DeclarationError(f"expected after to be {error}, got {after!r}") from error
