"""Where tasks wait that passed the start gate, until a slot is free."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from penstock.broker.delivery import Delivery

LONGEST_WAIT = 0.25
"""Seconds after which a slot may be free elsewhere, and will not soon be here."""
_MOST_AT_ONCE = 25
_LATE = 0.1
_FAR_TOO_LONG = 2.0


class ReadyLine:
    """Hands out deliveries as slots come free, in their order.

    Args:
        idle_slots: how many more may run now.
        impatient: called with all that wait, once the first of them has for too long.
    """

    def __init__(
        self,
        *,
        idle_slots: Callable[[], int],
        impatient: Callable[[Sequence[Delivery]], None],
    ) -> None:
        self._idle_slots = idle_slots
        self._impatient = impatient
        # With the time since which each of them waits.
        self._line: deque[tuple[float, Delivery]] = deque()
        self._may_begin = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._line)

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """These wait behind the others."""
        now = asyncio.get_running_loop().time()
        self._line += [(now, each) for each in deliveries]
        self.look()

    async def take(self) -> list[Delivery]:
        """Those that begin now, at least one; not all in one turn of the loop.

        What those before have ended, or asked for, comes in between, and the next ones are fetched.
        """
        await asyncio.sleep(0)
        while True:
            await self._may_begin.wait()
            # None, if a slot was taken away since.
            if taken := self._take(min(self._idle_slots(), _MOST_AT_ONCE)):
                return taken

    def clear(self) -> list[Delivery]:
        """All that wait; none does any more."""
        return self._take(len(self._line))

    def look(self) -> None:
        """Slots may have come free, or there may be fewer of them."""
        if self._line and self._idle_slots() > 0:
            self._may_begin.set()
        else:
            self._may_begin.clear()
        if self._line and self._timer is None:
            due = asyncio.get_running_loop().time() + LONGEST_WAIT
            self._timer = asyncio.get_running_loop().call_at(due, self._lose_patience, due)

    def _take(self, most: int) -> list[Delivery]:
        taken = [self._line.popleft()[1] for _ in range(min(most, len(self._line)))]
        self.look()
        return taken

    def _lose_patience(self, due: float) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        waited = now - self._line[0][0] if self._line else 0.0
        # While the loop is blocked, slots may come free in this very turn; but not for ever.
        is_in_vain = self._idle_slots() <= 0 and now - due < _LATE
        if waited >= LONGEST_WAIT and (is_in_vain or waited >= _FAR_TOO_LONG):
            self._impatient(self.clear())
        else:
            self.look()
