"""What a ``def`` handler, which runs in a process of its own, can ask of its worker."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, overload
from uuid import UUID

from penstock.declarations.artifact import SyncArtifacts
from penstock.declarations.interruption import Interruption
from penstock.declarations.priority import Priority

if TYPE_CHECKING:
    # As in Context: a process that writes no line must not wait for structlog.
    from structlog.stdlib import BoundLogger

    # As in Context, which task types know.
    from penstock.declarations.task_type import TaskType

I = TypeVar("I")  # noqa: E741  (the input's type)
P = ParamSpec("P")
S = TypeVar("S")


class SyncContext(ABC):
    """The running task, as its ``def`` handler sees it.

    What :class:`~penstock.declarations.Context`, which describes them, is to an ``async def``
    handler: the same attributes and methods, but nothing is awaited, and there is no ``providers``:
    they hold functions, which stay with the worker. Threads that the handler starts may use it too.
    """

    task_id: UUID
    task_type: str
    queue: str
    user_id: str | None
    provider: str | None
    attempt: int
    run: int
    artifacts: SyncArtifacts
    log: BoundLogger

    @abstractmethod
    def progress(self, percent: float, message: str = "") -> None:
        """As :meth:`penstock.declarations.Context.progress`; it never waits for the worker."""

    @abstractmethod
    def delta(self, text: str) -> None:
        """As :meth:`penstock.declarations.Context.delta`."""

    @abstractmethod
    def save(self, name: str, value: object) -> None:
        """As :meth:`penstock.declarations.Context.save`."""

    @abstractmethod
    def load(self, name: str, kind: type[S]) -> S | None:
        """As :meth:`penstock.declarations.Context.load`."""

    @overload
    @abstractmethod
    def enqueue(
        self,
        name: str,
        task_type: TaskType[Concatenate[I, P], Any],
        input: I,
        *,
        priority: Priority | str | int | None = None,
        delay: timedelta | None = None,
        user_id: str | None = None,
    ) -> UUID: ...

    @overload
    @abstractmethod
    def enqueue(
        self,
        name: str,
        task_type: str,
        input: Any,
        *,
        priority: Priority | str | int | None = None,
        delay: timedelta | None = None,
        user_id: str | None = None,
    ) -> UUID: ...

    @abstractmethod
    def enqueue(
        self,
        name: str,
        task_type: TaskType[Any, Any] | str,
        input: Any,  # noqa: A002  (the API's own word for it)
        *,
        priority: Priority | str | int | None = None,
        delay: timedelta | None = None,
        user_id: str | None = None,
    ) -> UUID:
        """As :meth:`penstock.declarations.Context.enqueue`."""

    @abstractmethod
    def charge(self, units: int) -> None:
        """As :meth:`penstock.declarations.Context.charge`."""

    @property
    def interruption(self) -> Interruption | None:
        """Why this run is being stopped; ``None`` as long as it is not.

        A handler that is stopped gets a :class:`~penstock.declarations.TaskInterrupted`.
        """
        return None

    @abstractmethod
    def settings(self, kind: type[S]) -> S:
        """As :meth:`penstock.declarations.Installed.settings`."""
