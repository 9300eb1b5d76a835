"""Handing accepted tasks to the engine, many in one call.

The ledger has the task already, so nothing is lost if this fails: Redis away means that tasks are
kept here for a while and tried again, and the reconciler hands over what a crash left behind.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

import msgspec

from penstock import background
from penstock.engine import Engine, EngineUnavailableError, Entry, Member

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
# A process that submits one task and ends shall not leave it to the reconciler.
_PATIENCE = 1.0
# A quarter of a second of Redis: whoever accepts more waits until it has fewer to take, for so many
# seconds at the most. One that is slow refuses nobody's task, just as one that is away.
_MOST_BEHIND = 10_000
_LONGEST_WAIT = 1.0
# While Redis is away, more than these are left to the reconciler: memory is bounded.
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
        self._lines: dict[str, _Line] = {}

    def add(self, queue: str, entry: Entry) -> None:
        """Hand ``entry`` over soon; returns at once."""
        self._line(queue).add(entry)

    def unsent(self, queue: str) -> int:
        """How many tasks of ``queue`` the engine may not have yet."""
        return self._line(queue).unsent

    def is_behind(self, queue: str) -> bool:
        """Whether Redis takes the tasks of ``queue`` more slowly than they come."""
        return not self._line(queue).has_room.is_set()

    async def catch_up(self, queue: str) -> None:
        """Return when it is not behind with ``queue``, or after a second.

        While Redis is away, at once.
        """
        await background.came(self._line(queue).has_room, within=_LONGEST_WAIT)

    def withdraw(self, queue: str, members: Collection[Member]) -> None:
        """Hand those of ``members`` over no more that are still waiting for it: they have ended."""
        self._line(queue).withdraw(set(members))

    async def close(self) -> None:
        """Hand over what is left, unless Redis is slow to take it: then the reconciler will."""
        senders = [line.sender for line in self._lines.values()]
        await background.end(*senders, patience=_PATIENCE)

    def _line(self, queue: str) -> _Line:
        if queue not in self._lines:
            self._lines[queue] = _Line(queue, self._engine, self._weights)
        return self._lines[queue]


class _Line:
    """What is to be handed over to one queue."""

    def __init__(
        self, queue: str, engine: Engine, weights: Callable[[str], Mapping[str, float]]
    ) -> None:
        self._queue = queue
        self._engine = engine
        self._weights = weights
        self._pending: list[tuple[Entry, float]] = []
        self._under_way: list[tuple[Entry, float]] = []
        self._is_away = False
        self.sender: asyncio.Task[None] | None = None
        self.has_room = asyncio.Event()
        self.has_room.set()

    @property
    def unsent(self) -> int:
        return len(self._pending) + len(self._under_way)

    def add(self, entry: Entry) -> None:
        if self._is_away and len(self._pending) >= _MOST_KEPT:
            return
        self._pending.append((entry, time.monotonic()))
        self._look_for_room()
        if self.sender is None or self.sender.done():
            # Not in the caller's context: its log lines are about everybody's tasks.
            self.sender = asyncio.create_task(
                self._send_all(), name=f"handover-{self._queue}", context=contextvars.Context()
            )

    def withdraw(self, members: set[Member]) -> None:
        self._pending = [each for each in self._pending if each[0].member not in members]
        self._under_way = [each for each in self._under_way if each[0].member not in members]
        self._look_for_room()

    async def _send_all(self) -> None:
        try:
            # Callers that are ready in this very turn of the loop join the first call.
            await asyncio.sleep(0)
            await self._send_until_none_is_left()
        finally:
            # Nobody waits for a sender that was stopped.
            self.has_room.set()

    async def _send_until_none_is_left(self) -> None:
        pause = _FIRST_PAUSE
        while self._pending:
            self._under_way, self._pending = self._pending, []
            try:
                entries = [_aged(*each) for each in self._under_way]
                # Whoever cancelled one of them meanwhile may have told Redis already.
                await self._engine.enqueue(
                    self._queue,
                    entries,
                    unless_cancelled=True,
                    weights=self._weights(self._queue),
                )
            except EngineUnavailableError as error:
                self._pending, self._under_way = self._under_way + self._pending, []
                self._is_away = True
                self._look_for_room()
                _log.warning(
                    "%d accepted tasks of queue %r wait in the ledger: %s",
                    len(self._pending),
                    self._queue,
                    error,
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                pause = _FIRST_PAUSE
                self._under_way = []
                self._is_away = False
                self._look_for_room()

    def _look_for_room(self) -> None:
        # Redis away refuses nobody's task, and delays none.
        if self._is_away or self.unsent <= _MOST_BEHIND:
            self.has_room.set()
        else:
            self.has_room.clear()


def _aged(entry: Entry, since: float) -> Entry:
    """``entry`` as it is after waiting here."""
    if not entry.delay:
        return entry
    waited = timedelta(seconds=time.monotonic() - since)
    return msgspec.structs.replace(entry, delay=max(entry.delay - waited, timedelta(0)))
