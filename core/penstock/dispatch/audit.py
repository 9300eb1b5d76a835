"""The audit: the engine is asked for what the ledger says is open, and gets what it lacks."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from penstock.dispatch.entries import entry_of, first_id_of
from penstock.engine import Engine
from penstock.ledger import Ledger, OpenTask, Status

_PAGE = 1000
_MOST_RECENT_PAGES = 20
# How far back the recent rows reach for a process that has just begun to look.
_FIRST_LOOK = timedelta(minutes=10)
_START = (0, UUID(int=0))
_log = logging.getLogger(__name__)


class Audit:
    """Compares open rows with the engine's index, in bounded batches.

    Rows are settled when nobody wrote to them for two leases: younger ones are just being handed
    over, or run under a lease. An accepted task that was not handed over, because its process died,
    is found as soon as it is settled; whatever else may be missing, by a pass over all rows that
    never ends.
    """

    def __init__(
        self, *, ledger: Ledger, engine: Engine, queues: Sequence[str], lease: timedelta
    ) -> None:
        self._ledger = ledger
        self._engine = engine
        self._queues = queues
        self._settling = 2 * lease
        self._cursors = dict.fromkeys(queues, _START)
        self._recent = first_id_of(datetime.now(UTC) - self._settling - _FIRST_LOOK)

    async def recent(self) -> int:
        """Look at the rows that have settled since the last call; returns how many were lacking."""
        until = first_id_of(datetime.now(UTC) - self._settling)
        lacking = 0
        for _ in range(_MOST_RECENT_PAGES):
            page = await self._ledger.open_tasks_between(
                self._queues, after=self._recent, until=until, limit=_PAGE
            )
            for queue in {each.queue for each in page}:
                lacking += await self._check(queue, [each for each in page if each.queue == queue])
            self._recent = page[-1].id if page else until
            if len(page) < _PAGE:
                break
        return lacking

    async def step(self, queue: str) -> int:
        """Look at the next page of a queue; returns how many of its tasks were lacking."""
        page = await self._ledger.open_tasks(queue, after=self._cursors[queue], limit=_PAGE)
        self._cursors[queue] = _after(page) if len(page) == _PAGE else _START
        settled = datetime.now(UTC) - self._settling
        return await self._check(queue, [each for each in page if each.updated_at <= settled])

    async def everything(self, queue: str) -> int:
        """Look at all open rows of a queue, settled or not: the engine may have lost some.

        What is being handed over at this moment is handed over twice, which changes nothing.
        """
        lacking, after = 0, _START
        while page := await self._ledger.open_tasks(queue, after=after, limit=_PAGE):
            lacking += await self._check(queue, page)
            after = _after(page)
        return lacking

    async def _check(self, queue: str, tasks: Sequence[OpenTask]) -> int:
        stopping = [
            each.id for each in tasks if each.cancel_requested and each.status is Status.RUNNING
        ]
        if stopping:
            await self._engine.cancel(queue, stopping, running=True)
        missing = await self._engine.missing(queue, [each.id for each in tasks])
        # What has ended while we asked is missing rightly.
        still_open = await self._ledger.still_open(missing) if missing else []
        if not still_open:
            return 0
        lacking = await self._engine.enqueue(queue, [entry_of(each) for each in still_open])
        if lacking:
            _log.warning("Redis lacked %d open tasks of queue %r: handed over", lacking, queue)
        return lacking


def _after(page: Sequence[OpenTask]) -> tuple[int, UUID]:
    return page[-1].priority, page[-1].id
