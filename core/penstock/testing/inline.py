"""``def`` handlers in a thread of this process: for a debugger, or a measurement of coverage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from penstock.declarations import (
    Artifact,
    ArtifactReader,
    Context,
    Interruption,
    Priority,
    SyncContext,
    SyncTaskType,
    TaskType,
)
from penstock.testing import typed

S = TypeVar("S")
_MOST = 1024**2


class InlineProcesses:
    """Stands where a :class:`~penstock.processes.pool.ProcessPool` stands; see the harness."""

    async def run(
        self,
        task_type: SyncTaskType[Any, Any],
        input: str,  # noqa: A002  (as in the port)
        context: Context,
        *,
        plugin: str,  # noqa: ARG002  (one process for all)
        timeout: timedelta | None = None,  # noqa: ARG002  (nothing can stop a thread)
        on_start: Callable[[], object] = lambda: None,
    ) -> msgspec.Raw:
        """Call the handler in a thread."""
        loop = asyncio.get_running_loop()
        arguments = {task_type.input_parameter: typed.input_from_json(task_type, input)}
        if task_type.context_parameter is not None:
            arguments[task_type.context_parameter] = InlineContext(context, loop)
        on_start()
        value = await asyncio.to_thread(task_type.handler, **arguments)
        return msgspec.Raw(typed.output_to_json(task_type, value, most=_MOST))


class InlineContext(SyncContext):
    """:class:`~penstock.SyncContext` over a :class:`~penstock.Context` on the event loop."""

    def __init__(self, context: Context, loop: asyncio.AbstractEventLoop) -> None:
        self.task_id = context.task_id
        self.task_type = context.task_type
        self.queue = context.queue
        self.user_id = context.user_id
        self.provider = context.provider
        self.attempt = context.attempt
        self.run = context.run
        self.artifacts = InlineArtifacts(context, loop)
        self.log = context.log
        self._context = context
        self._loop = loop

    def progress(self, percent: float, message: str = "") -> None:
        """See :meth:`penstock.declarations.SyncContext.progress`."""
        _ask(self._loop, self._context.progress(percent, message))

    def delta(self, text: str) -> None:
        """See :meth:`penstock.declarations.SyncContext.delta`."""
        _ask(self._loop, self._context.delta(text))

    def save(self, name: str, value: object) -> None:
        """See :meth:`penstock.declarations.SyncContext.save`."""
        _ask(self._loop, self._context.save(name, value))

    def load(self, name: str, kind: type[S]) -> S | None:
        """See :meth:`penstock.declarations.SyncContext.load`."""
        return _ask(self._loop, self._context.load(name, kind))

    def enqueue(
        self,
        name: str,
        task_type: TaskType[Any, Any] | str,
        input: Any,  # noqa: A002  (as in the base)
        *,
        priority: Priority | str | int | None = None,
        delay: timedelta | None = None,
        user_id: str | None = None,
    ) -> UUID:
        """See :meth:`penstock.declarations.SyncContext.enqueue`."""
        asked: Coroutine[Any, Any, UUID] = self._context.enqueue(
            name, task_type, input, priority=priority, delay=delay, user_id=user_id
        )
        return _ask(self._loop, asked)

    def charge(self, units: int) -> None:
        """See :meth:`penstock.declarations.SyncContext.charge`."""
        _ask(self._loop, self._context.charge(units))

    @property
    def interruption(self) -> Interruption | None:
        """See :attr:`penstock.declarations.SyncContext.interruption`."""
        return self._context.interruption

    def settings(self, kind: type[S]) -> S:
        """See :meth:`penstock.declarations.SyncContext.settings`."""
        return self._context.settings(kind)


class InlineArtifacts:
    """:class:`~penstock.declarations.SyncArtifacts` over those on the event loop."""

    def __init__(self, context: Context, loop: asyncio.AbstractEventLoop) -> None:
        self._artifacts = context.artifacts
        self._loop = loop

    def put(
        self, name: str, data: bytes | Path | Iterable[bytes], *, content_type: str
    ) -> Artifact:
        """See :meth:`penstock.declarations.SyncArtifacts.put`."""
        given = data if isinstance(data, bytes | Path) else _in_threads(iter(data))
        return _ask(self._loop, self._artifacts.put(name, given, content_type=content_type))

    def open(self, artifact_id: UUID) -> InlineReader:
        """See :meth:`penstock.declarations.SyncArtifacts.open`."""
        return InlineReader(_ask(self._loop, self._artifacts.open(artifact_id)), self._loop)


class InlineReader:
    """:class:`~penstock.declarations.SyncArtifactReader` over one on the event loop."""

    def __init__(self, reader: ArtifactReader, loop: asyncio.AbstractEventLoop) -> None:
        self.artifact = reader.artifact
        self._reader = reader
        self._loop = loop

    def read(self) -> bytes:
        """All of its bytes."""
        return b"".join(self)

    def __iter__(self) -> Iterator[bytes]:
        chunks = aiter(self._reader)
        while (chunk := _ask(self._loop, _next(chunks))) is not None:
            yield chunk


def _ask(loop: asyncio.AbstractEventLoop, asked: Coroutine[Any, Any, S]) -> S:
    return asyncio.run_coroutine_threadsafe(asked, loop).result()


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)


async def _in_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    # The chunks may come from what blocks, which is fine in the handler's thread alone.
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk
