"""The audit: the engine is asked for what the ledger says is open, and gets what it lacks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from penstock import background
from penstock.dispatch.entries import entry_of, members_of
from penstock.dispatch.stops import Stop, Stops
from penstock.engine import Engine, EngineUnavailableError
from penstock.ledger import Ledger, OpenTask, Status, first_id_of

# Whoever accepts a task has handed it over by then, unless its process died.
_HANDED_OVER = timedelta(seconds=5)
_PAGE = 1000
# What is recent is looked at for so long in a row, in seconds, and after a page in which all was
# well there is a rest of so many times what it took: a large backlog costs a tenth of the process
# that compares it, and not all of it.
_LONGEST_WALK = 2.0
_REST = 9
# How far back the recent rows reach for a process that has just begun to look.
_FIRST_LOOK = timedelta(minutes=10)
_START = (0, UUID(int=0))
_log = logging.getLogger(__name__)


class Audit:
    """Compares open rows with the engine's index, in bounded batches.

    Rows are settled when nobody wrote to them for two leases: younger ones run under a lease, or
    wait for what follows a run. An accepted task that was not handed over, because its process
    died, is found after seconds, or behind a large backlog, when that was compared; what else is
    recent, as soon as it is settled, as is a row that was committed long after it got its id;
    whatever else may be missing, by a pass over all rows that never ends.

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
        self._stopping = asyncio.Event()
        self._cursors = dict.fromkeys(queues, _START)
        begin = first_id_of(datetime.now(UTC) - self._settling - _FIRST_LOOK)
        self._recent = dict.fromkeys(queues, begin)
        self._accepted = dict.fromkeys(queues, begin)

    def suspect(self, queues: Iterable[str]) -> None:
        """The engine may have forgotten anything of ``queues``: the next look sees all of them."""
        self._suspects.update(queues)

    def stop(self) -> None:
        """End what is under way after its page."""
        self._stopping.set()

    async def recent(self) -> int:
        """Look at the rows that have settled since; returns how many were lacking.

        A queue that cannot be asked, of a cluster's node that is away, stops no other: it is
        suspected.
        """
        return await self._walk(self._recent, age=self._settling, are_new=False)

    async def accepted(self) -> int:
        """Look at the rows that should have been handed over since; as :meth:`recent`."""
        return await self._walk(self._accepted, age=self._handing_over, are_new=True)

    async def _walk(self, seen: dict[str, UUID], *, age: timedelta, are_new: bool) -> int:
        """Look at rows up to an age, a page of each queue in turn, until the time is over.

        Args:
            seen: up to where each queue was looked at; moved on.
            age: younger rows are left for later.
            are_new: look at rows only that were never started.
        """
        until = first_id_of(datetime.now(UTC) - age)
        end = time.monotonic() + _LONGEST_WALK
        lacking, behind = 0, list(self._queues)
        while behind and not self._stopping.is_set():
            queue = behind.pop(0)
            begun = time.monotonic()
            page = await self._ledger.open_tasks_between(
                queue, after=seen[queue], until=until, limit=_PAGE
            )
            is_full = len(page) == _PAGE
            found: int | None = None
            try:
                found = await self._check(
                    queue, [each for each in page if each.run == 0 or not are_new]
                )
            except EngineUnavailableError as error:
                _log.debug("recent tasks of queue %r are compared later: %s", queue, error)
                self.suspect([queue])
            # Not before: what could not be looked up in the ledger is looked at again.
            seen[queue] = page[-1].id if is_full else until
            if found is None:
                continue
            lacking += found
            ended = time.monotonic()
            if is_full and ended < end:
                behind.append(queue)
                # Where some were lacking, more may be: they wait for it.
                rest = 0 if found else min(_REST * (ended - begun), end - ended)
                await background.came(self._stopping, within=rest)
        return lacking

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
            if self._stopping.is_set():
                break
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
