"""The audit: the engine is asked for what the ledger says is open, and gets what it lacks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from penstock.dispatch.entries import entry_of, members_of
from penstock.dispatch.stops import Stop, Stops
from penstock.engine import Engine, EngineUnavailableError
from penstock.ledger import Ledger, OpenTask, Status, first_id_of

# Whoever accepts a task has handed it over by then, unless its process died.
_HANDED_OVER = timedelta(seconds=5)
_PAGE = 1000
_MOST_RECENT_PAGES = 20
# How far back the recent rows reach for a process that has just begun to look.
_FIRST_LOOK = timedelta(minutes=10)
_START = (0, UUID(int=0))
_log = logging.getLogger(__name__)


class Audit:
    """Compares open rows with the engine's index, in bounded batches.

    Rows are settled when nobody wrote to them for two leases: younger ones run under a lease, or
    wait for what follows a run. An accepted task that was not handed over, because its process
    died, is found after seconds; what else is recent, as soon as it is settled; whatever else may
    be missing, by a pass over all rows that never ends.

    Args:
        stops: tells of tasks whose time is over.
        weights: from a queue to the shares of its users.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        engine: Engine,
        stops: Stops,
        queues: Sequence[str],
        weights: Callable[[str], Mapping[str, float]],
        lease: timedelta,
    ) -> None:
        self._ledger = ledger
        self._engine = engine
        self._stops = stops
        self._weights = weights
        self._queues = queues
        self._settling = 2 * lease
        self._handing_over = min(_HANDED_OVER, self._settling)
        self._suspects: set[str] = set()
        self._cursors = dict.fromkeys(queues, _START)
        begin = first_id_of(datetime.now(UTC) - self._settling - _FIRST_LOOK)
        self._recent = begin
        self._accepted = begin

    def suspect(self, queues: Iterable[str]) -> None:
        """The engine may have forgotten anything of ``queues``: the next look sees all of them."""
        self._suspects.update(queues)

    async def recent(self) -> int:
        """Look at the rows that have settled since the last call; returns how many were lacking.

        A queue that cannot be asked, of a cluster's node that is away, stops no other: it is
        suspected.
        """
        lacking, self._recent = await self._walk(self._recent, age=self._settling)
        return lacking

    async def accepted(self) -> int:
        """Look at the rows that should have been handed over since the last call.

        Returns:
            How many were lacking.
        """
        lacking, self._accepted = await self._walk(
            self._accepted, age=self._handing_over, never_started=True
        )
        return lacking

    async def _walk(
        self, after: UUID, *, age: timedelta, never_started: bool = False
    ) -> tuple[int, UUID]:
        """Look at rows from above ``after`` up to an age; returns the last one seen, too."""
        until = first_id_of(datetime.now(UTC) - age)
        lacking = 0
        for _ in range(_MOST_RECENT_PAGES):
            page = await self._ledger.open_tasks_between(
                self._queues, after=after, until=until, limit=_PAGE, never_started=never_started
            )
            for queue in {each.queue for each in page}:
                settled = [each for each in page if each.queue == queue]
                try:
                    lacking += await self._check(queue, settled)
                except EngineUnavailableError as error:
                    _log.debug("recent tasks of queue %r are compared later: %s", queue, error)
                    self.suspect([queue])
            after = page[-1].id if page else until
            if len(page) < _PAGE:
                break
        return lacking, after

    async def overdue(self) -> int:
        """Fail tasks that wait though their time is over, and take them out of line.

        Returns how many there were, up to a bound. A queue that cannot be told stops no other: its
        start gate refuses them.
        """
        ended = await self._ledger.end_overdue(limit=_PAGE)
        for queue in {each.queue for each in ended}:
            count = sum(each.queue == queue for each in ended)
            _log.warning("queue %r: %d tasks had no time left, and failed", queue, count)
        await self._stops.tell(map(Stop.of, ended))
        return len(ended)

    async def look(self, queue: str) -> int:
        """Look at the next page of a queue, or at all of it; returns how many were lacking."""
        if queue not in self._suspects:
            return await self.step(queue)
        lacking = await self.everything(queue)
        self._suspects.discard(queue)
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
            each for each in tasks if each.cancel_requested and each.status is Status.RUNNING
        ]
        if stopping:
            await self._engine.cancel(queue, members_of(stopping), running=True)
        missing = await self._engine.missing(queue, members_of(tasks))
        # What has ended while we asked is missing rightly.
        ids = [each.id for each in missing]
        still_open = await self._ledger.still_open(ids) if ids else []
        if not still_open:
            return 0
        lacking = await self._engine.enqueue(
            queue, [entry_of(each) for each in still_open], weights=self._weights(queue)
        )
        if lacking:
            _log.warning("Redis lacked %d open tasks of queue %r: handed over", lacking, queue)
        return lacking


def _after(page: Sequence[OpenTask]) -> tuple[int, UUID]:
    return page[-1].priority, page[-1].id
