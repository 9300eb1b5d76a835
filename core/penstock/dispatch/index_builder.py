"""Filling a queue's new index with the rows that are open."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from uuid import UUID

from penstock.declarations import Priority
from penstock.dispatch.entries import entry_of
from penstock.engine import Engine, EngineUnavailableError
from penstock.ledger import Ledger

_FIRST_ID = UUID(int=0)
_PAGE = 2000
_log = logging.getLogger(__name__)


class IndexBuilder:
    """Begins the index of a queue that has none, fills it, and opens it.

    Nothing is handed out before it is complete. So no task runs before a more urgent one that is
    yet to be filled in, and what runs already counts towards the queue's limits.

    Args:
        weights: from a queue to the shares of its users.
    """

    def __init__(
        self, *, ledger: Ledger, engine: Engine, weights: Callable[[str], Mapping[str, float]]
    ) -> None:
        self._ledger = ledger
        self._engine = engine
        self._weights = weights

    async def build(self, queue: str) -> int | None:
        """Build the index of ``queue`` unless it has one; returns how many tasks it has then.

        A builder that fails gives its index up, and that of one that dies goes away after some
        seconds; whoever comes next begins anew.

        Raises:
            EpochMissingError: Redis was wiped once more.
            PenstockError: Redis or the database is away.
        """
        # Whoever cannot fill an index leaves it to others to begin one.
        await self._ledger.ping()
        epoch = await self._engine.begin_index(queue)
        if epoch is None:
            return None
        _log.info("building the index of queue %r in Redis", queue)
        try:
            added = await self._fill(queue, epoch)
            await self._engine.open_index(queue, epoch)
        except BaseException:
            with suppress(EngineUnavailableError):
                await self._engine.abandon_index(queue, epoch)
            raise
        if added:
            _log.info("handed %d open tasks of queue %r over to Redis", added, queue)
        return added

    async def _fill(self, queue: str, epoch: str) -> int:
        added = 0
        for priority in sorted(Priority, reverse=True):
            after = (priority.value, _FIRST_ID)
            while page := await self._ledger.open_tasks(
                queue, after=after, limit=_PAGE, priority=priority
            ):
                added += await self._engine.enqueue(
                    queue, [entry_of(each) for each in page], weights=self._weights(queue)
                )
                await self._engine.keep_building(queue, epoch)
                after = (priority.value, page[-1].id)
        return added
