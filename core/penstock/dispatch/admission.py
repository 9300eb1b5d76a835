"""Whether a new task may come in: ``max_waiting`` of its queue, ``user_max_waiting`` of its user.

Only new tasks are asked: retries and what is handed back were accepted before.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, nullcontext
from datetime import timedelta
from functools import partial
from weakref import WeakValueDictionary

from penstock.declarations import Queue
from penstock.dispatch.drain_rate import DrainRate
from penstock.dispatch.errors import QueueFullError, UserQueueFullError
from penstock.dispatch.handover import Handover
from penstock.dispatch.tally import Tally
from penstock.engine import Engine, EngineUnavailableError, EpochMissingError
from penstock.ledger import Ledger

# Callers wait for this: a Redis that is slow counts as one that is away, and is left alone a while.
_PATIENCE = 0.5
_PAUSE = 2.0
_UNLIMITED = nullcontext()


class Admission:
    """Keeps queues from growing beyond their limits.

    A queue's waiting tasks are counted in Redis, in O(1). While Redis is away they are counted in
    the ledger, no further than to the limit: tasks are accepted then, but not without end. A user's
    are always counted there. Counts are shared by all submits of a moment; see
    :class:`~penstock.dispatch.tally.Tally`.
    """

    def __init__(self, *, engine: Engine, ledger: Ledger, handover: Handover) -> None:
        self._engine = engine
        self._ledger = ledger
        self._handover = handover
        self._drain_rate = DrainRate(ledger)
        self._queues: dict[str, Tally] = {}
        # A user's is gone with the last submit that uses it.
        self._users: WeakValueDictionary[tuple[str, str], Tally] = WeakValueDictionary()
        self._away_until = 0.0

    async def check(self, queue: Queue, user_id: str | None) -> None:
        """Refuse early what would be refused anyway; lets nothing in.

        Raises:
            QueueFullError: there is no room.
            LedgerUnavailableError: the database had to be asked, and is away.
        """
        for tally, limit in self._limits(queue, user_id):
            await self._require_room(queue, user_id, tally, limit)

    def admitted(
        self, queue: Queue, user_id: str | None, *, new: int = 1
    ) -> AbstractAsyncContextManager[None]:
        """Room for ``new`` tasks, which are accepted and handed over in this context.

        Where Redis takes them more slowly than they come, it is waited for, for a second at most.

        Raises:
            QueueFullError: there is none.
            LedgerUnavailableError: the database had to be asked, and is away.
        """
        is_limited = queue.max_waiting is not None or queue.user_max_waiting is not None
        if not is_limited and not self._handover.is_behind(queue.name):
            return _UNLIMITED
        return self.all_admitted([(queue, user_id, new)])

    @asynccontextmanager
    async def all_admitted(
        self, groups: Collection[tuple[Queue, str | None, int]]
    ) -> AsyncIterator[None]:
        """:meth:`admitted` for several queues and users at once: all of them, or none."""
        behind = {queue.name for queue, _, _ in groups if self._handover.is_behind(queue.name)}
        if behind:
            # Nobody is refused the room of one queue meanwhile because of what another one lacks.
            await asyncio.gather(*map(self._handover.catch_up, behind))
        with ExitStack() as taken:
            for queue, user_id, new in groups:
                for tally, limit in self._limits(queue, user_id):
                    await self._require_room(queue, user_id, tally, limit, new=new)
                    taken.enter_context(tally.entering(new))
            yield

    def _limits(self, queue: Queue, user_id: str | None) -> Iterator[tuple[Tally, int]]:
        if queue.max_waiting is not None:
            yield self._of_queue(queue.name), queue.max_waiting
        if queue.user_max_waiting is not None and user_id is not None:
            yield self._of_user(queue.name, user_id), queue.user_max_waiting

    def _of_queue(self, queue: str) -> Tally:
        if queue not in self._queues:
            self._queues[queue] = Tally(partial(self._waiting, queue))
        return self._queues[queue]

    def _of_user(self, queue: str, user_id: str) -> Tally:
        tally = self._users.get((queue, user_id))
        if tally is None:
            tally = Tally(partial(self._waiting_of_user, queue, user_id))
            self._users[queue, user_id] = tally
        return tally

    async def _waiting(self, queue: str, most: int) -> int:
        unsent = self._handover.unsent(queue)
        if time.monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(_PATIENCE):
                    return unsent + await self._engine.backlog(queue)
            except EpochMissingError:
                pass  # of this queue; the next one may have an index
            except (EngineUnavailableError, TimeoutError):
                self._away_until = time.monotonic() + _PAUSE
        return await self._ledger.count_pending(queue, most=most)

    async def _waiting_of_user(self, queue: str, user_id: str, most: int) -> int:
        return await self._ledger.count_pending(queue, most=most, user_id=user_id)

    async def _require_room(
        self, queue: Queue, user_id: str | None, tally: Tally, limit: int, *, new: int = 1
    ) -> None:
        if not await tally.has_room(limit, new=new):
            raise await self._refusal(queue, user_id, tally, limit, new=new)

    async def _refusal(
        self, queue: Queue, user_id: str | None, tally: Tally, limit: int, *, new: int
    ) -> QueueFullError:
        whole = self._of_queue(queue.name)
        if tally is whole:
            seconds = await self._drain_rate.seconds_for(queue.name, tally.size - limit + new)
            return QueueFullError(
                queue.name, limit=limit, retry_after=timedelta(seconds=seconds), new=new
            )
        # The user's part of what the queue gets rid of is like that of what waits there.
        await whole.has_room(limit)
        others = max(whole.size / limit, 1)
        seconds = await self._drain_rate.seconds_for(queue.name, others)
        return UserQueueFullError(
            queue.name,
            user_id or "",
            limit=limit,
            retry_after=timedelta(seconds=seconds),
            new=new,
        )
