"""How soon the slots of a queue come free again."""

from __future__ import annotations

import time
from collections.abc import Callable

from penstock.declarations import Queue

HORIZON = 0.02
"""Seconds that a task may be expected to wait in a worker for its slot."""
_WINDOW = 0.02


class Pace:
    """How many runs end within the :data:`HORIZON`, as the last ones did.

    Long runs do not count, whose slots may well come free together: what is fetched for those slots
    would wait there for as long as the next ones take.

    Args:
        clock: seconds that only ever grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.forget()

    def forget(self) -> None:
        """Begin anew: nothing is known of how long runs take."""
        self._since = self._clock()
        self._ended = 0
        self._last = 0

    def ended(self, *, began: float) -> None:
        """A run has ended that began then, by the clock."""
        now = self._clock()
        if now - began <= 2 * HORIZON:
            self._ended += 1
        if now - self._since >= _WINDOW:
            self._last = self._expected(now - self._since)
            self._since, self._ended = now, 0

    @property
    def expected(self) -> int:
        """How many more runs will have ended when the horizon is reached."""
        passed = self._clock() - self._since
        # One that is quiet for longer than before has slowed down.
        return self._last if passed < _WINDOW else min(self._last, self._expected(passed))

    def ahead(self, queue: Queue) -> int:
        """How many tasks of ``queue`` may wait in a worker: as many as will have a slot by then.

        None where a slot is held for longer than the horizon, and another worker may have one
        sooner; nor where what is held is counted for all workers: who waits would take a place of
        another. Where starts are counted, no more than may start by then.
        """
        expected = self.expected
        is_quick = 2 * expected >= queue.concurrency
        if not is_quick or queue.global_concurrency or queue.user_concurrency:
            return 0
        rates = [each for each in (queue.rate_limit, queue.user_rate_limit) if each is not None]
        starts = [int(each.limit * HORIZON / each.period.total_seconds()) for each in rates]
        return min(expected, *starts) if starts else expected

    def _expected(self, passed: float) -> int:
        return int(self._ended * HORIZON / passed)
