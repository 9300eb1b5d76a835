"""Telling whoever follows tasks that they run, at next to no cost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from penstock import background
from penstock.engine import EngineUnavailableError, Lease

# Of a run that is over by then, its end says enough, and that is told along with its settlement.
_DELAY = 0.02
_log = logging.getLogger(__name__)


class StartNews:
    """Gathers the starts of some milliseconds, and announces those that still run, in one call.

    Args:
        announce: tells whoever follows these tasks to look at them.
        runs: whether the run under that lease's token is still on.
    """

    def __init__(
        self,
        announce: Callable[[Sequence[UUID]], Awaitable[None]],
        *,
        runs: Callable[[bytes], bool],
    ) -> None:
        self._announce = announce
        self._runs = runs
        self._started: list[Lease] = []
        self._teller: asyncio.Task[None] | None = None

    def add(self, leases: Sequence[Lease]) -> None:
        """These have passed the start gate."""
        self._started += leases
        if self._started and (self._teller is None or self._teller.done()):
            self._teller = asyncio.create_task(self._tell(), name="start-news")

    async def close(self) -> None:
        """Tell of no more."""
        await background.end(self._teller)

    async def _tell(self) -> None:
        while self._started:
            await asyncio.sleep(_DELAY)
            started, self._started = self._started, []
            ids = [lease.id for lease in started if self._runs(lease.token)]
            if not ids:
                continue
            try:
                await self._announce(ids)
            except EngineUnavailableError as error:
                # Whoever follows them looks at them again in some seconds anyway.
                _log.debug("that tasks started is not announced: %s", error)
