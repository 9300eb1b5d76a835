"""When runs must be over: kept for a thread that no handler on the event loop can block."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Deadlines:
    """Thread-safe; whoever holds it calls :meth:`enforce` when :meth:`next_in` says so.

    Attributes:
        changed: set when an earlier deadline than all others was added.
    """

    def __init__(self) -> None:
        self.changed = threading.Event()
        self._lock = threading.Lock()
        self._kills: dict[Callable[[], object], float] = {}

    def add(self, kill: Callable[[], object], seconds: float) -> None:
        """Have ``kill`` called in ``seconds``, unless it is removed before."""
        at = time.monotonic() + seconds
        with self._lock:
            is_first = at < min(self._kills.values(), default=at + 1)
            self._kills[kill] = at
        if is_first:
            self.changed.set()

    def remove(self, kill: Callable[[], object]) -> None:
        """It is over in time, or killed already."""
        with self._lock:
            self._kills.pop(kill, None)

    def next_in(self) -> float | None:
        """Seconds until the first deadline; ``None`` if there is none."""
        with self._lock:
            if not self._kills:
                return None
            return max(0.0, min(self._kills.values()) - time.monotonic())

    def enforce(self) -> None:
        """Kill what is overdue."""
        now = time.monotonic()
        with self._lock:
            overdue = [kill for kill, at in self._kills.items() if at <= now]
            for kill in overdue:
                del self._kills[kill]
        for kill in overdue:
            kill()
