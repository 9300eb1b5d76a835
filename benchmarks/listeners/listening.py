"""One who follows a task, loses the connection now and then, and notes what came."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

import msgspec

from benchmarks.event_source import EventSource

_LONGEST_ABSENCE = 1.0
_LATENCIES = 200


@dataclass
class Heard:
    """What came to all listeners together."""

    events: int = 0
    gaps: int = 0
    lost_connections: int = 0
    wrong: list[str] = field(default_factory=list)
    """Of whom something is missing, or came twice."""
    latencies: list[float] = field(default_factory=list)
    """Milliseconds from saying to hearing, of a sample, of those who were connected."""


class Listening:
    """Follows one task to its end.

    Args:
        url: its events.
        events: how many it says.
        every: seconds for which a connection lasts, on average; 0 for all the time.
    """

    def __init__(self, url: str, *, key: str, events: int, every: float, heard: Heard) -> None:
        self._url = url
        self._key = key
        self._events = events
        self._every = every
        self._heard = heard
        self._next = 0
        self._status = ""
        self._last_id: str | None = None

    async def run(self) -> None:
        """Return when the task has ended and all was told."""
        while self._status not in {"success", "failed", "cancelled"}:
            source = EventSource(self._url, key=self._key, last_id=self._last_id)
            cutting = None
            if self._every:
                seconds = random.expovariate(1 / self._every)
                cutting = asyncio.get_running_loop().call_later(seconds, source.cut)
            try:
                await self._listen(source)
            except OSError:
                self._heard.lost_connections += 1
                await asyncio.sleep(random.random() * _LONGEST_ABSENCE)
            finally:
                if cutting is not None:
                    cutting.cancel()
            self._last_id = source.last_id
        if self._next != self._events:
            self._heard.wrong.append(f"{self._next} of {self._events}")

    async def _listen(self, source: EventSource) -> None:
        connected = time.monotonic_ns()
        async for event in source.events():
            if event.kind in {"delta", "log"}:
                data = msgspec.json.decode(event.data)
                self._take(data.get("text") or data["message"], connected)
            elif event.kind == "gap":
                self._heard.gaps += 1
            elif event.kind == "status":
                self._status = msgspec.json.decode(event.data)["status"]

    def _take(self, said: str, connected: int) -> None:
        number, moment = map(int, said.split(":"))
        if number != self._next:
            self._heard.wrong.append(f"{number} instead of {self._next}")
        self._next = number + 1
        self._heard.events += 1
        if moment > connected and self._heard.events % _LATENCIES == 0:
            self._heard.latencies.append((time.monotonic_ns() - moment) / 1e6)
