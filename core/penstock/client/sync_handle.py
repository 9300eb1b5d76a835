"""Submitted tasks and batches, as code without an event loop follows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Generic, TypeVar

from penstock.client.batch_handle import BatchHandle, BatchInfo
from penstock.client.client_thread import ClientThread
from penstock.client.handle import TaskHandle
from penstock.client.request import TaskRequest
from penstock.client.task_event import TaskEvent
from penstock.client.task_info import TaskInfo

R = TypeVar("R")


class SyncTaskHandle(Generic[R]):
    """A :class:`TaskHandle` whose methods wait for what they return.

    Attributes:
        id: the task's id, as in the API and the ``task`` table.
        type: the name of its task type.
        origin: see :class:`TaskHandle`.
    """

    def __init__(self, handle: TaskHandle[R], thread: ClientThread) -> None:
        self.id = handle.id
        self.type = handle.type
        self.origin = handle.origin
        self._handle = handle
        self._thread = thread

    def status(self) -> TaskInfo:
        """See :meth:`TaskHandle.status`."""
        return self._thread.call(self._handle.status())

    def result(self, *, timeout: timedelta | None = None) -> R:
        """See :meth:`TaskHandle.result`."""
        return self._thread.call(self._handle.result(timeout=timeout))

    def events(self, *, after: str | None = None) -> Iterator[TaskEvent]:
        """See :meth:`TaskHandle.events`; each is waited for."""
        return self._thread.each(self._handle.events(after=after))

    def cancel(self, reason: str = "") -> TaskInfo:
        """See :meth:`TaskHandle.cancel`."""
        return self._thread.call(self._handle.cancel(reason))

    def retry(self) -> TaskInfo:
        """See :meth:`TaskHandle.retry`."""
        return self._thread.call(self._handle.retry())

    def __repr__(self) -> str:
        return repr(self._handle)


class SyncBatchHandle:
    """A :class:`BatchHandle` whose methods wait for what they return."""

    def __init__(self, handle: BatchHandle, thread: ClientThread) -> None:
        self.id = handle.id
        self._handle = handle
        self._thread = thread

    def status(self) -> BatchInfo:
        """See :meth:`BatchHandle.status`."""
        return self._thread.call(self._handle.status())

    def wait(self, *, timeout: timedelta | None = None) -> BatchInfo:
        """See :meth:`BatchHandle.wait`."""
        return self._thread.call(self._handle.wait(timeout=timeout))

    def add(
        self, requests: Sequence[TaskRequest[Any]], *, idempotency_key: str | None = None
    ) -> BatchInfo:
        """See :meth:`BatchHandle.add`."""
        return self._thread.call(self._handle.add(requests, idempotency_key=idempotency_key))

    def seal(self) -> BatchInfo:
        """See :meth:`BatchHandle.seal`."""
        return self._thread.call(self._handle.seal())

    def cancel(self, reason: str = "") -> BatchInfo:
        """See :meth:`BatchHandle.cancel`."""
        return self._thread.call(self._handle.cancel(reason))

    def __repr__(self) -> str:
        return repr(self._handle)
