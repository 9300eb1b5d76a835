"""Noticing that a worker looks alive and does nothing.

It is fed by the heartbeat thread, so that it sees what the event loop would hide.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

_MOST_RESTARTS = 3
_log = logging.getLogger("penstock.worker")


class Watched(Protocol):
    """What the watchdog sees of a consumer."""

    @property
    def claims(self) -> int:
        """How often the queue was asked for work."""
        ...

    @property
    def free_slots(self) -> int:
        """How many more tasks may be claimed now."""
        ...

    @property
    def outage(self) -> str:
        """What keeps it from asking for work, as far as it knows."""
        ...


@dataclass
class _Seen:
    claims: int = -1
    idle_since: float | None = None
    restarts: int = 0


class Watchdog:
    """Compares free slots and waiting tasks with the claims made, queue by queue.

    A consumer that has a free slot, knows of no outage, and asks for nothing for ``patience``,
    though tasks wait, is stuck, whatever the reason: it is restarted. One that is stuck again and
    again is given up: the worker is no longer of use, and somebody has to start it anew.

    Args:
        consumers: by the name of their queue.
        patience: how long a consumer may ask for nothing.
        restart: called with the queue of a stuck consumer; returns at once.
        give_up: called with the queue of a consumer that is stuck for good; returns at once.
        call_loop: calls a function on the event loop soon, from any thread.
        loop_thread: the thread of the event loop.
        clock: seconds that only ever grow.
    """

    def __init__(
        self,
        consumers: Mapping[str, Watched],
        *,
        patience: timedelta,
        restart: Callable[[str], object],
        give_up: Callable[[str], object],
        call_loop: Callable[[Callable[[], None]], object],
        loop_thread: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumers = consumers
        self._patience = patience
        self._restart = restart
        self._give_up = give_up
        self._call_loop = call_loop
        self._loop_thread = loop_thread
        self._clock = clock
        self._seen = {queue: _Seen() for queue in consumers}
        self._asked: float | None = None
        self._told = False
        self.given_up = ""
        """The queue whose consumer is stuck for good."""

    @property
    def blocked_for(self) -> float:
        """Seconds for which the event loop has not answered."""
        return 0.0 if self._asked is None else self._clock() - self._asked

    def observe(self, queue: str, waiting: int) -> None:
        """A heartbeat says that ``waiting`` tasks wait in ``queue``."""
        consumer, seen = self._consumers[queue], self._seen[queue]
        claims = consumer.claims
        if claims != seen.claims:
            seen.claims, seen.idle_since, seen.restarts = claims, None, 0
        elif not waiting or consumer.free_slots <= 0 or consumer.outage or self._told:
            seen.idle_since = None
        elif seen.idle_since is None:
            seen.idle_since = self._clock()
        elif self._clock() - seen.idle_since >= self._patience.total_seconds():
            seen.idle_since = None
            self._act(queue, waiting, seen)

    def _act(self, queue: str, waiting: int, seen: _Seen) -> None:
        seen.restarts += 1
        if seen.restarts > _MOST_RESTARTS:
            self.given_up = queue
            _log.critical("queue %r: its consumer is stuck, and restarting it did not help", queue)
            self._give_up(queue)
            return
        _log.error(
            "queue %r: its consumer is stuck: %d tasks wait, %d slots are free, and it asked for "
            "none for %s; it is restarted",
            queue,
            waiting,
            self._consumers[queue].free_slots,
            self._patience,
        )
        self._restart(queue)

    def look_at_loop(self) -> None:
        """Ask the event loop for a sign of life; complain, once, if the last one is overdue."""
        if self._asked is None:
            self._asked = self._clock()
            self._call_loop(self._answer)
        elif not self._told:
            self._told = True
            frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001  (its public name)
            where = "".join(traceback.format_stack(frame)[-3:]) if frame else ""
            _log.warning(
                "a handler has blocked the event loop for %.1f s, and with it every other task of "
                "this worker; declare it as a plain 'def', to run in a process, or await. It is "
                "here:\n%s",
                self.blocked_for,
                where.rstrip(),
            )

    def _answer(self) -> None:
        self._asked = None
        self._told = False
