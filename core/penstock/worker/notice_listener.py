"""Hearing at once what heartbeats and claims tell later: which runs to stop, what is parked.

What is missed, while the connection is away, they still bring.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from uuid import UUID

from penstock import background
from penstock.broker import Consumer
from penstock.engine import Engine, hear


class NoticeListener:
    """Listens to the channels of a worker's queues, on a connection of its own.

    Args:
        consumers: by the name of their queue.
    """

    def __init__(self, engine: Engine, *, consumers: Mapping[str, Consumer]) -> None:
        self._engine = engine
        self._consumers = consumers
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run(), name="notice-listener")

    async def stop(self) -> None:
        """Listen no longer."""
        await background.end(self._task)

    async def _run(self) -> None:
        await hear(lambda: self._engine.notices(list(self._consumers)), self._tell, of="notices")

    async def _tell(self, notice: tuple[str, UUID | None]) -> None:
        queue, task_id = notice
        if task_id is None:
            self._consumers[queue].look()
        else:
            await self._consumers[queue].cancel([task_id])
