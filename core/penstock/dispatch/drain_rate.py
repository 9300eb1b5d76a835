"""How fast queues get rid of their tasks, for callers who are told to come back."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping

from penstock.ledger import EndedCounts, Ledger, LedgerUnavailableError

_INTERVAL = 1.0
_WINDOW = 60.0
_UNKNOWN = 5.0
_LEAST = 1.0
_MOST = 60.0


class DrainRate:
    """Looks at the ledger's counts of ended tasks, at most once a second, and only when asked."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._clock = clock
        self._looking = asyncio.Lock()
        self._looks: deque[tuple[float, Mapping[str, int]]] = deque()

    async def seconds_for(self, queue: str, tasks: float) -> float:
        """In how many seconds so many tasks of a queue will probably have ended: from 1 to 60.

        By what ended in the last minute, as far as this process has looked; 5 before it knows.
        Never raises.
        """
        async with self._looking:
            try:
                await self._look()
            except LedgerUnavailableError:
                return _UNKNOWN
        (begin, before), (end, now) = self._looks[0], self._looks[-1]
        if begin == end:
            return _UNKNOWN
        ended = now.get(queue, 0) - before.get(queue, 0)
        # Nothing ended: probably as long again.
        seconds = (end - begin) * tasks / ended if ended > 0 else max(end - begin, _UNKNOWN)
        return min(max(seconds, _LEAST), _MOST)

    async def _look(self) -> None:
        now = self._clock()
        while self._looks and now - self._looks[0][0] > _WINDOW:
            self._looks.popleft()
        if not self._looks or now - self._looks[-1][0] >= _INTERVAL:
            counts = await self._ledger.ended_counts()
            self._looks.append((now, {queue: _total(each) for queue, each in counts.items()}))


def _total(counts: EndedCounts) -> int:
    return counts.completed + counts.failed + counts.cancelled
