"""How many tasks wait, as one process knows it without asking for each submit."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

# Seconds for which a count is good enough to let tasks in, and to refuse some.
_ADMITS_FOR = 0.1
_REFUSES_FOR = 0.02
# A count that takes long is dear: it is used for this many times as long, within limits.
_THRIFT = 5
_LONGEST_USE = 2.0


class Tally:
    """A count that is kept for a moment, with what this process let in since on top.

    So a single process lets in exactly what fits. What others let in is seen with the next count,
    a tenth of a second later as a rule.

    Args:
        count: counts, but need not go beyond the number that it is called with.
    """

    def __init__(self, count: Callable[[int], Awaitable[int]]) -> None:
        self._count = count
        self._counting = asyncio.Lock()
        self._counted_at = -math.inf
        self._took = 0.0
        self.size = 0
        """The last count, and what was let in since."""
        self._let_in = 0
        self._entering = 0

    async def has_room(self, most: int, *, new: int = 1) -> bool:
        """Whether ``new`` ones make no more than ``most``; a refusal rests on a new count.

        Raises:
            PenstockError: what the count met.
        """
        least = most - new
        if self._is_known(_ADMITS_FOR) and self.size <= least:
            return True
        async with self._counting:
            if not self._is_known(_ADMITS_FOR if self.size <= least else _REFUSES_FOR):
                await self._recount(most)
        return self.size <= least

    @contextmanager
    def entering(self, new: int = 1) -> Iterator[None]:
        """Let ``new`` ones in; until the context ends, the count may not see them."""
        self.size += new
        self._let_in += new
        self._entering += new
        try:
            yield
        except BaseException:
            self.size -= new
            raise
        finally:
            self._entering -= new

    def _is_known(self, seconds: float) -> bool:
        usable = min(max(seconds, self._took * _THRIFT), _LONGEST_USE)
        return time.monotonic() - self._counted_at < usable

    async def _recount(self, most: int) -> None:
        asked, entering, let_in = time.monotonic(), self._entering, self._let_in
        counted = await self._count(most)
        self._counted_at = time.monotonic()
        self._took = self._counted_at - asked
        self.size = counted + entering + self._let_in - let_in
