"""Filling a queue's new index with the rows that are open."""

from __future__ import annotations

import logging
from uuid import UUID

from penstock.declarations import Priority
from penstock.dispatch.entries import entry_of
from penstock.engine import Engine
from penstock.ledger import Ledger

_FIRST_ID = UUID(int=0)
_PAGE = 2000
_log = logging.getLogger(__name__)


class IndexBuilder:
    """Begins the index of a queue that has none, fills it, and opens it.

    Nothing is handed out before it is complete. So no task runs before a more urgent one that is
    yet to be filled in, and what runs already counts towards the queue's limits.
    """

    def __init__(self, *, ledger: Ledger, engine: Engine) -> None:
        self._ledger = ledger
        self._engine = engine

    async def build(self, queue: str) -> int | None:
        """Build the index of ``queue`` unless it has one; returns how many tasks it has then.

        A builder that fails, or dies, leaves an index that goes away after some seconds; whoever
        comes next begins anew.

        Raises:
            EpochMissingError: Redis was wiped once more.
            PenstockError: Redis or the database is away.
        """
        epoch = await self._engine.begin_index(queue)
        if epoch is None:
            return None
        _log.info("building the index of queue %r in Redis", queue)
        added = 0
        for priority in sorted(Priority, reverse=True):
            after = (priority.value, _FIRST_ID)
            while page := await self._ledger.open_tasks(
                queue, after=after, limit=_PAGE, priority=priority
            ):
                added += await self._engine.enqueue(queue, [entry_of(each) for each in page])
                await self._engine.keep_building(queue, epoch)
                after = (priority.value, page[-1].id)
        await self._engine.open_index(queue, epoch)
        if added:
            _log.info("handed %d open tasks of queue %r over to Redis", added, queue)
        return added
