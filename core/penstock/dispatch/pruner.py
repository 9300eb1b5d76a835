"""Removing, from time to time, what is kept no longer.

Every process may run one; one at a time works, so that others need not look. Two at once would do
no harm.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from datetime import timedelta

from penstock import background
from penstock.declarations import PenstockError
from penstock.dispatch.retention import Retention
from penstock.ledger import Leadership, Ledger, Status

Sweep = Callable[[], Awaitable[int]]
"""Removes a bounded number of rows whose time is over, and says how many; 0 if none are left."""

# A process that has just started has better things to do.
_FIRST_PAUSE = 10.0
_INTERVAL = 60.0
_PATIENCE = 5.0
# Longer than a round pauses; whoever leads says so after each step.
_TERM = timedelta(minutes=3)
_SWEEP_PAUSE = 0.1
_log = logging.getLogger(__name__)


class Pruner:
    """Removes ended tasks whose time is over, for ever.

    Args:
        ledger: where it is noted who does it.
        retention: what removes them.
        process: this process, told apart from all others.
        sweeps: of other tables, whose rows have a time of their own; each is called until it says
            that there are no more.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        retention: Retention,
        process: str,
        sweeps: Sequence[Sweep] = (),
    ) -> None:
        self._retention = retention
        self._sweeps = sweeps
        self._leadership = Leadership(ledger.database, name="pruner", holder=process, term=_TERM)
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work in the background."""
        self._task = asyncio.create_task(self._run(), name="pruner")

    async def stop(self) -> None:
        """Stop after the step under way, and let another process lead."""
        self._stopping.set()
        await background.end(self._task, patience=_PATIENCE)
        with suppress(PenstockError):
            await self._leadership.release()

    async def prune(self) -> Counter[Status]:
        """One round, if no other process does it; returns how many tasks are gone.

        Raises:
            LedgerUnavailableError: the database is away.
        """
        gone: Counter[Status] = Counter()
        if not await self._leadership.acquire():
            return gone
        async with aclosing(self._retention.prune()) as steps:
            async for status, tasks in steps:
                gone[status] += tasks
                if self._stopping.is_set() or not await self._leadership.acquire():
                    return gone
        for sweep in self._sweeps:
            while await sweep() and not await self._pause(_SWEEP_PAUSE):
                pass
        return gone

    async def _run(self) -> None:
        failing = False
        pause = _FIRST_PAUSE
        while not await self._pause(pause):
            pause = _INTERVAL
            try:
                gone = await self.prune()
            except PenstockError as error:
                _log.log(logging.DEBUG if failing else logging.WARNING, "pruning waits: %s", error)
                failing = True
            # It would be missed only when the disk is full.
            except Exception:  # noqa: BLE001
                _log.exception("pruning")
            else:
                failing = False
                if gone.total():
                    counts = ", ".join(f"{number} {status}" for status, number in gone.items())
                    _log.info("removed old tasks: %s", counts)

    async def _pause(self, seconds: float) -> bool:
        """Wait; whether it was told to stop meanwhile."""
        return await background.came(self._stopping, within=seconds)
