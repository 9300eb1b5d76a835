"""Hearing at once what heartbeats and claims tell later: which runs to stop, what is parked.

What is missed, while the connection is away, they still bring.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from penstock import background
from penstock.broker import Consumer
from penstock.engine import Engine, EngineUnavailableError

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_log = logging.getLogger(__name__)


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
        pause = _FIRST_PAUSE
        while True:
            try:
                async for queue, task_id in self._engine.notices(list(self._consumers)):
                    pause = _FIRST_PAUSE
                    if task_id is None:
                        self._consumers[queue].look()
                    else:
                        await self._consumers[queue].cancel([task_id])
            except EngineUnavailableError as error:
                _log.debug("listening for notices waits: %s", error)
            # One that ended would make every cancellation slow, and nobody would know why.
            except Exception:  # noqa: BLE001
                _log.exception("listening for notices")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
