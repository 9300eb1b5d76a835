"""The client for code without an event loop: Django, Flask, scripts."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, overload
from uuid import UUID

from penstock.client.client import Client
from penstock.client.loop_thread import LoopThread
from penstock.client.request import TaskRequest
from penstock.client.sync_handle import SyncTaskHandle
from penstock.client.task_info import TaskInfo
from penstock.client.transaction import (
    SyncTransaction,
    require_same_database,
    sync_connection_of,
)
from penstock.declarations import Priority, TaskType

I = TypeVar("I")  # noqa: E741  (the input's type, as R is the result's)
P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class SyncClient:
    """A :class:`Client` whose methods wait for what they return; any thread may call them.

    Its connections, and a thread for them, are opened by the first call, and closed by
    :meth:`close`, at the end of ``with SyncClient() as client:``, or when the program ends. So one
    for the whole program may be made anywhere, also before a server forks its workers: each process
    opens connections of its own.

    Only :class:`Client` has batches, lists of tasks, changes to many at once, and events.

    Args:
        environ: see :class:`Client`.
        directory: see :class:`Client`.
    """

    def __init__(
        self, *, environ: Mapping[str, str] | None = None, directory: Path | None = None
    ) -> None:
        self._environ = environ
        self._directory = directory
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        # What was opened before a fork belongs to the parent: it is kept, and never touched.
        self._inherited: list[_Opened] = []
        me = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _call_if_there(me, SyncClient._was_forked))
        atexit.register(lambda: _call_if_there(me, SyncClient.close))

    def __enter__(self) -> Self:
        """Open the connections.

        Raises:
            PenstockError: the settings cannot be honoured.
        """
        self._open()
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
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

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
        opened = self._open()
        if session is None:
            (handle,) = opened.loop_thread.call(opened.client.submit_many([request]))
            return SyncTaskHandle(handle, self._call)
        application = opened.client.application
        connection = sync_connection_of(session)
        ledger = opened.loop_thread.call(application.ledger.identity())
        require_same_database(connection, ledger=ledger)
        task = opened.loop_thread.call(application.dispatch.prepare(request.submission))
        # In this thread, whose connection it is.
        accepted = application.dispatch.write_within(connection, task, loop=opened.loop_thread.loop)
        return SyncTaskHandle(opened.client.handle(accepted, task.type), self._call)

    def submit_many(
        self, requests: Sequence[TaskRequest[R]], *, idempotency_key: str | None = None
    ) -> list[SyncTaskHandle[R]]:
        """See :meth:`Client.submit_many`."""
        opened = self._open()
        handles = opened.loop_thread.call(
            opened.client.submit_many(requests, idempotency_key=idempotency_key)
        )
        return [SyncTaskHandle(each, self._call) for each in handles]

    def task(self, task_id: UUID) -> TaskInfo:
        """See :meth:`Client.task`."""
        return self._call(self._open().client.task(task_id))

    def cancel(self, task_id: UUID, *, reason: str = "") -> TaskInfo:
        """See :meth:`Client.cancel`."""
        return self._call(self._open().client.cancel(task_id, reason=reason))

    def retry(self, task_id: UUID) -> TaskInfo:
        """See :meth:`Client.retry`."""
        return self._call(self._open().client.retry(task_id))

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return self._open().loop_thread.call(work)

    def _open(self) -> _Opened:
        with self._lock:
            if self._opened is None:
                self._opened = _Opened(Client(environ=self._environ, directory=self._directory))
            return self._opened

    def _was_forked(self) -> None:
        # A thread that is not here may have held it.
        self._lock = threading.Lock()
        if self._opened is not None:
            self._inherited.append(self._opened)
            self._opened = None


class _Opened:
    """An open client, and the thread that it lives in."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.loop_thread = LoopThread()
        try:
            self.loop_thread.call(client.__aenter__())
        except BaseException:
            self.loop_thread.close()
            raise

    def close(self) -> None:
        try:
            self.loop_thread.call(self.client.__aexit__(None, None, None))
        finally:
            self.loop_thread.close()


def _call_if_there(me: weakref.ref[SyncClient], method: Any) -> None:
    client = me()
    if client is not None:
        method(client)
