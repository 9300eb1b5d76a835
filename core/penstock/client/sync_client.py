"""The client for code without an event loop: Django, Flask, scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, overload
from uuid import UUID

from penstock.client.batch_handle import BatchInfo
from penstock.client.callback import Callback
from penstock.client.client import Client
from penstock.client.client_thread import ClientThread
from penstock.client.request import TaskRequest
from penstock.client.sync_handle import SyncBatchHandle, SyncTaskHandle
from penstock.client.task_event import TaskEvent
from penstock.client.task_info import TaskInfo
from penstock.client.transaction import (
    SyncTransaction,
    require_same_database,
    sync_connection_of,
)
from penstock.declarations import Priority, TaskType
from penstock.ledger import TaskFilter, TaskSummary, Transition

I = TypeVar("I")  # noqa: E741  (the input's type, as R is the result's)
P = ParamSpec("P")
R = TypeVar("R")


class SyncClient:
    """A :class:`Client` whose methods wait for what they return; any thread may call them.

    Its connections, and a thread for them, are opened by the first call, and closed by
    :meth:`close`, at the end of ``with SyncClient() as client:``, or when the program ends. So one
    for the whole program may be made anywhere, also before a server forks its workers: each process
    opens connections of its own.

    Args:
        environ: see :class:`Client`.
        directory: see :class:`Client`.
    """

    def __init__(
        self, *, environ: Mapping[str, str] | None = None, directory: Path | None = None
    ) -> None:
        self._client = Client(environ=environ, directory=directory)
        self._thread = ClientThread(self._client)

    def __enter__(self) -> Self:
        """Open the connections.

        Raises:
            PenstockError: the settings cannot be honoured.
        """
        self._thread.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close them; tasks that were accepted go on."""
        self.close()

    def close(self) -> None:
        """Close the connections; another call would open new ones."""
        self._thread.close()

    @overload
    def submit(
        self,
        task_type: TaskType[Concatenate[I, P], R],
        input: I,
        *,
        user_id: str | None = None,
        priority: Priority | str | int = Priority.NORMAL,
        delay: timedelta | None = None,
        idempotency_key: str | None = None,
        unique: bool | None = None,
        session: SyncTransaction | None = None,
        run_at: datetime | None = None,
        ttl: timedelta | None = None,
        deadline: datetime | None = None,
    ) -> SyncTaskHandle[R]: ...

    @overload
    def submit(
        self,
        task_type: str,
        input: Any,
        *,
        user_id: str | None = None,
        priority: Priority | str | int = Priority.NORMAL,
        delay: timedelta | None = None,
        idempotency_key: str | None = None,
        unique: bool | None = None,
        session: SyncTransaction | None = None,
        run_at: datetime | None = None,
        ttl: timedelta | None = None,
        deadline: datetime | None = None,
    ) -> SyncTaskHandle[Any]: ...

    def submit(
        self,
        task_type: Any,
        input: Any,  # noqa: A002  (the API's own word for it)
        *,
        session: SyncTransaction | None = None,
        **terms: Any,
    ) -> SyncTaskHandle[Any]:
        """See :meth:`Client.submit`; ``session`` is a ``Session`` or ``Connection``."""
        request: TaskRequest[Any] = TaskRequest(task_type, input, **terms)
        if session is None:
            (handle,) = self._thread.call(self._client.submit_many([request]))
            return SyncTaskHandle(handle, self._thread)
        thread, application = self._thread.open(), self._client.application
        connection = sync_connection_of(session)
        ledger = thread.call(application.ledger.identity())
        require_same_database(connection, ledger=ledger)
        task = thread.call(application.dispatch.prepare(request.submission))
        # In this thread, whose connection it is.
        accepted = application.dispatch.write_within(connection, task, loop=thread.loop)
        return SyncTaskHandle(self._client.handle(accepted, task.type), self._thread)

    def submit_many(
        self, requests: Sequence[TaskRequest[R]], *, idempotency_key: str | None = None
    ) -> list[SyncTaskHandle[R]]:
        """See :meth:`Client.submit_many`."""
        handles = self._thread.call(
            self._client.submit_many(requests, idempotency_key=idempotency_key)
        )
        return [SyncTaskHandle(each, self._thread) for each in handles]

    def task(self, task_id: UUID) -> TaskInfo:
        """See :meth:`Client.task`."""
        return self._thread.call(self._client.task(task_id))

    def ended(self, task_id: UUID, timeout: timedelta | None = None) -> TaskInfo:
        """See :meth:`Client.ended`."""
        return self._thread.call(self._client.ended(task_id, timeout))

    def events(self, task_id: UUID, *, after: str | None = None) -> Iterator[TaskEvent]:
        """See :meth:`Client.events`; each is waited for."""
        return self._thread.each(self._client.events(task_id, after=after))

    def cancel(self, task_id: UUID, *, reason: str = "") -> TaskInfo:
        """See :meth:`Client.cancel`."""
        return self._thread.call(self._client.cancel(task_id, reason=reason))

    def retry(self, task_id: UUID) -> TaskInfo:
        """See :meth:`Client.retry`."""
        return self._thread.call(self._client.retry(task_id))

    def tasks(
        self, wanted: TaskFilter | None = None, *, before: UUID | None = None
    ) -> Iterator[TaskSummary]:
        """See :meth:`Client.tasks`."""
        return self._thread.each(self._client.tasks(wanted, before=before))

    def cancel_many(
        self, which: Sequence[UUID] | TaskFilter, *, reason: str = ""
    ) -> dict[UUID, Transition]:
        """See :meth:`Client.cancel_many`."""
        return self._thread.call(self._client.cancel_many(which, reason=reason))

    def retry_many(self, which: Sequence[UUID] | TaskFilter) -> dict[UUID, Transition]:
        """See :meth:`Client.retry_many`."""
        return self._thread.call(self._client.retry_many(which))

    def submit_batch(
        self,
        requests: Sequence[TaskRequest[Any]],
        *,
        callback: Callback | None = None,
        name: str = "",
        user_id: str | None = None,
        sealed: bool = True,
        idempotency_key: str | None = None,
    ) -> SyncBatchHandle:
        """See :meth:`Client.submit_batch`."""
        handle = self._thread.call(
            self._client.submit_batch(
                requests,
                callback=callback,
                name=name,
                user_id=user_id,
                sealed=sealed,
                idempotency_key=idempotency_key,
            )
        )
        return SyncBatchHandle(handle, self._thread)

    def batch(self, batch_id: UUID) -> BatchInfo:
        """See :meth:`Client.batch`."""
        return self._thread.call(self._client.batch(batch_id))

    def batches(self, *, before: UUID | None = None) -> Iterator[BatchInfo]:
        """See :meth:`Client.batches`."""
        return self._thread.each(self._client.batches(before=before))

    def batch_has_finished(self, batch_id: UUID) -> bool:
        """See :meth:`Client.batch_has_finished`."""
        return self._thread.call(self._client.batch_has_finished(batch_id))

    def add_to_batch(
        self,
        batch_id: UUID,
        requests: Sequence[TaskRequest[Any]],
        *,
        idempotency_key: str | None = None,
    ) -> BatchInfo:
        """See :meth:`Client.add_to_batch`."""
        adding = self._client.add_to_batch(batch_id, requests, idempotency_key=idempotency_key)
        return self._thread.call(adding)

    def seal_batch(self, batch_id: UUID) -> BatchInfo:
        """See :meth:`Client.seal_batch`."""
        return self._thread.call(self._client.seal_batch(batch_id))

    def cancel_batch(self, batch_id: UUID, *, reason: str = "") -> BatchInfo:
        """See :meth:`Client.cancel_batch`."""
        return self._thread.call(self._client.cancel_batch(batch_id, reason=reason))
