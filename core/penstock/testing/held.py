"""What is under way outside of the event loop, while which time does not jump."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from penstock.broker.ports import HandlerProcesses
from penstock.declarations import Context, SyncTaskType
from penstock.storage import ObjectStorage, StoredObject
from penstock.testing.clock import Clock


class HeldStorage(ObjectStorage):
    """A folder; while a disk is at work, time does not jump."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        super().__init__(folder)
        self._clock = clock

    async def put(self, key: str, data: bytes | Path | AsyncIterable[bytes]) -> StoredObject:
        """See :meth:`ObjectStorage.put`."""
        with self._clock.held():
            return await super().put(key, data)

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """See :meth:`ObjectStorage.read`."""
        chunks = super().read(key)
        while True:
            with self._clock.held():
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            yield chunk


class HeldProcesses:
    """Runs ``def`` handlers; while one runs, time does not jump."""

    def __init__(self, processes: HandlerProcesses, clock: Clock) -> None:
        self._processes = processes
        self._clock = clock

    async def run(
        self,
        task_type: SyncTaskType[Any, Any],
        input: str,  # noqa: A002  (as in the port)
        context: Context,
        *,
        plugin: str,
        timeout: timedelta | None = None,
        on_start: Callable[[], object] = lambda: None,
    ) -> msgspec.Raw:
        """See :class:`~penstock.broker.ports.HandlerProcesses`."""
        with self._clock.held():
            return await self._processes.run(
                task_type, input, context, plugin=plugin, timeout=timeout, on_start=on_start
            )
