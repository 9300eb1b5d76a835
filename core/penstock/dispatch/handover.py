"""Handing accepted tasks to the engine, many in one call.

The ledger has the task already, so nothing is lost if this fails: Redis away means that tasks are
kept here for a while and tried again, and the reconciler hands over what a crash left behind.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

import msgspec

from penstock import background
from penstock.engine import Engine, EngineUnavailableError, Entry, Member

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
# A process that submits one task and ends shall not leave it to the reconciler.
_PATIENCE = 1.0
# More than these are left to the reconciler: memory is bounded while Redis is away.
_MOST_KEPT = 100_000
_log = logging.getLogger(__name__)


class Handover:
    """Gathers entries per queue and enqueues them; one call at a time, as large as the load.

    Each queue for itself: that of a cluster's node that is away keeps no other waiting.

    Args:
        weights: from a queue to the shares of its users.
    """

    def __init__(self, engine: Engine, *, weights: Callable[[str], Mapping[str, float]]) -> None:
        self._engine = engine
        self._weights = weights
        self._pending: dict[str, list[tuple[Entry, float]]] = defaultdict(list)
        self._under_way: dict[str, list[tuple[Entry, float]]] = {}
        self._senders: dict[str, asyncio.Task[None]] = {}

    def add(self, queue: str, entry: Entry) -> None:
        """Hand ``entry`` over soon; returns at once."""
        pending = self._pending[queue]
        if len(pending) >= _MOST_KEPT:
            return
        pending.append((entry, time.monotonic()))
        sender = self._senders.get(queue)
        if sender is None or sender.done():
            # Not in the caller's context: its log lines are about everybody's tasks.
            self._senders[queue] = asyncio.create_task(
                self._send_all(queue), name=f"handover-{queue}", context=contextvars.Context()
            )

    def unsent(self, queue: str) -> int:
        """How many tasks of ``queue`` the engine may not have yet."""
        return len(self._pending.get(queue, ())) + len(self._under_way.get(queue, ()))

    def withdraw(self, queue: str, members: Collection[Member]) -> None:
        """Hand those of ``members`` over no more that are still waiting for it: they have ended."""
        gone = set(members)
        for kept in (self._pending, self._under_way):
            if kept.get(queue):
                kept[queue] = [each for each in kept[queue] if each[0].member not in gone]

    async def close(self) -> None:
        """Hand over what is left, unless Redis is slow to take it: then the reconciler will."""
        await background.end(*self._senders.values(), patience=_PATIENCE)

    async def _send_all(self, queue: str) -> None:
        pause = _FIRST_PAUSE
        # Callers that are ready in this very turn of the loop join the first call.
        await asyncio.sleep(0)
        while pending := self._pending[queue]:
            self._pending[queue] = []
            self._under_way[queue] = pending
            try:
                entries = [_aged(*each) for each in pending]
                # Whoever cancelled one of them meanwhile may have told Redis already.
                await self._engine.enqueue(
                    queue, entries, unless_cancelled=True, weights=self._weights(queue)
                )
            except EngineUnavailableError as error:
                self._pending[queue] = self._under_way.pop(queue) + self._pending[queue]
                _log.warning(
                    "%d accepted tasks of queue %r wait in the ledger: %s",
                    len(self._pending[queue]),
                    queue,
                    error,
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                pause = _FIRST_PAUSE
                del self._under_way[queue]


def _aged(entry: Entry, since: float) -> Entry:
    """``entry`` as it is after waiting here."""
    if not entry.delay:
        return entry
    waited = timedelta(seconds=time.monotonic() - since)
    return msgspec.structs.replace(entry, delay=max(entry.delay - waited, timedelta(0)))
