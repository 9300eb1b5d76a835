"""Asking services whether they are there, without waiting for those that hang."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from penstock import background
from penstock.declarations import PenstockError
from penstock.dispatch.status import Component
from penstock.ledger import NotMigratedError

T = TypeVar("T")

HEALTH_TIMEOUT = 1.5
"""Seconds that one service may take to answer before it counts as down."""
_PATIENCE = 5.0


class HealthChecks:
    """Runs checks; one that is late is cancelled, and cleans up in the background."""

    def __init__(self) -> None:
        self._late: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        """Wait until the late ones have ended, so that none leaves a connection open."""
        await background.end(*self._late, patience=_PATIENCE)

    async def component(
        self, name: str, ping: Callable[[], Coroutine[Any, Any, None]]
    ) -> Component:
        """Whether the service ``name`` answers a ``ping``."""
        started = time.perf_counter()
        try:
            await self.in_time(ping())
        except TimeoutError:
            return Component(status="down", detail=f"{name} did not answer in {HEALTH_TIMEOUT} s")
        except NotMigratedError as error:
            return Component(status="not_migrated", detail=error.remedy)
        except PenstockError as error:
            return Component(status="down", detail=str(error))
        return Component(status="up", latency_ms=round((time.perf_counter() - started) * 1000, 2))

    async def in_time(self, answer: Coroutine[Any, Any, T]) -> T:
        """What ``answer`` returns.

        Raises:
            TimeoutError: after :data:`HEALTH_TIMEOUT`, however long ``answer`` takes to be
                cancelled: a driver may wait for its hanging server once more, to clean up.
        """
        task = asyncio.create_task(answer)
        try:
            done, _ = await asyncio.wait({task}, timeout=HEALTH_TIMEOUT)
        finally:
            if not task.done():
                self._late.add(task)
                task.add_done_callback(self._forget)
                task.cancel()
        if not done:
            raise TimeoutError
        return task.result()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._late.discard(task)
        # Asked for, so that asyncio does not complain of an error that nobody retrieved.
        if not task.cancelled():
            task.exception()
