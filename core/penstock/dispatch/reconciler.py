"""Rebuilding the engine's index from the ledger.

Every process may run one: what it does twice changes nothing. It begins a queue's index where
there is none (a fresh start, or Redis was wiped) and hands over what the engine should have and
has not.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

from penstock import background
from penstock.declarations import PenstockError, Priority
from penstock.engine import Engine, Entry
from penstock.ledger import Ledger, OpenTask, Status

_FIRST_ID = UUID(int=0)
_BATCH = 1000
_INTERVAL = 2.0
_LONGEST_PAUSE = 10.0
_PATIENCE = 5.0
_log = logging.getLogger(__name__)


class Reconciler:
    """Walks each queue's open rows in bounded batches, for ever.

    A new index is filled at once with all that is pending. Otherwise only rows that nobody wrote to
    for two leases are candidates: younger ones are just being handed over, or run under a lease.
    """

    def __init__(
        self, *, ledger: Ledger, engine: Engine, queues: Sequence[str], lease: timedelta
    ) -> None:
        self._ledger = ledger
        self._engine = engine
        self._cursors = dict.fromkeys(queues, _FIRST_ID)
        self._epochs: dict[str, tuple[str, float]] = {}
        self._lease = lease
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work in the background."""
        self._task = asyncio.create_task(self._run(), name="reconciler")

    async def stop(self) -> None:
        """Stop after the step under way."""
        self._stopping.set()
        await background.end(self._task, patience=_PATIENCE)

    async def _run(self) -> None:
        pause = _INTERVAL
        while not self._stopping.is_set():
            done = [await self._attempt(queue) for queue in self._cursors]
            pause = _INTERVAL if all(done) else min(pause * 1.5, _LONGEST_PAUSE)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()

    async def _attempt(self, queue: str) -> bool:
        """Reconcile ``queue``; whatever is wrong with it is logged, and stops no other queue."""
        try:
            await self.reconcile(queue)
        except PenstockError as error:
            _log.warning("reconciling queue %r waits: %s", queue, error)
        # A repairer that died of a surprise would be missed only when it is needed.
        except Exception:  # noqa: BLE001
            _log.exception("reconciling queue %r", queue)
        else:
            return True
        return False

    async def reconcile(self, queue: str) -> int:
        """One bounded step; returns how many tasks were handed over."""
        if await self._engine.create_epoch(queue):
            return await self._fill(queue)
        tasks, self._cursors[queue] = await self._next(queue, self._cursors[queue])
        epoch, missing = await self._engine.missing(
            queue, [each.id for each in tasks if each.settled]
        )
        if not self._is_old(queue, epoch):
            running = {each.id for each in tasks if each.status is Status.RUNNING}
            missing = [each for each in missing if each not in running]
        # What finished while we asked is missing rightly.
        still_open = await self._ledger.still_open(missing) if missing else []
        return await self._hand_over(queue, still_open)

    def _is_old(self, queue: str, epoch: str) -> bool:
        """Whether this index is older than a lease, so that live workers adopted what they run."""
        seen, since = self._epochs.get(queue, ("", 0.0))
        now = time.monotonic()
        if epoch != seen:
            self._epochs[queue] = (epoch, now)
            return False
        return now - since > self._lease.total_seconds()

    async def _fill(self, queue: str) -> int:
        """Hand over all pending rows: the index is new. Running ones are their workers' still."""
        _log.info("building the index of queue %r in Redis", queue)
        handed_over = 0
        cursor = _FIRST_ID
        while True:
            tasks, cursor = await self._next(queue, cursor)
            pending = [each for each in tasks if each.status is Status.PENDING]
            handed_over += await self._hand_over(queue, pending)
            if cursor == _FIRST_ID:
                return handed_over

    async def _next(self, queue: str, after: UUID) -> tuple[list[OpenTask], UUID]:
        """The next batch of open rows, and where to go on; from the start after the last one."""
        tasks = await self._ledger.open_tasks(
            queue,
            after=after,
            unchanged_since=datetime.now(UTC) - 2 * self._lease,
            limit=_BATCH,
        )
        return tasks, tasks[-1].id if len(tasks) == _BATCH else _FIRST_ID

    async def _hand_over(self, queue: str, tasks: Sequence[OpenTask]) -> int:
        if not tasks:
            return 0
        now = datetime.now(UTC)
        entries = [
            Entry(
                id=each.id,
                priority=Priority(each.priority),
                delay=max(each.run_at - now, timedelta(0)) if each.run_at else timedelta(0),
            )
            for each in tasks
        ]
        added = await self._engine.enqueue(queue, entries)
        if added:
            _log.info("handed %d open tasks of queue %r over to Redis", added, queue)
        return added
