"""A submitted task, as code without an event loop follows it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Generic, TypeVar

from penstock.client.handle import TaskHandle
from penstock.client.task_info import TaskInfo

R = TypeVar("R")


class SyncTaskHandle(Generic[R]):
    """A :class:`TaskHandle` whose methods wait for what they return.

    Attributes:
        id: the task's id, as in the API and the ``task`` table.
        type: the name of its task type.
        origin: see :class:`TaskHandle`.
    """

    def __init__(
        self, handle: TaskHandle[R], call: Callable[[Coroutine[Any, Any, Any]], Any]
    ) -> None:
        self.id = handle.id
        self.type = handle.type
        self.origin = handle.origin
        self._handle = handle
        self._call = call

    def status(self) -> TaskInfo:
        """See :meth:`TaskHandle.status`."""
        info: TaskInfo = self._call(self._handle.status())
        return info

    def result(self, *, timeout: timedelta | None = None) -> R:
        """See :meth:`TaskHandle.result`."""
        result: R = self._call(self._handle.result(timeout=timeout))
        return result

    def cancel(self, reason: str = "") -> TaskInfo:
        """See :meth:`TaskHandle.cancel`."""
        info: TaskInfo = self._call(self._handle.cancel(reason))
        return info

    def retry(self) -> TaskInfo:
        """See :meth:`TaskHandle.retry`."""
        info: TaskInfo = self._call(self._handle.retry())
        return info

    def __repr__(self) -> str:
        return repr(self._handle)
