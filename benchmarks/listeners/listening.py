"""One who follows a task, loses the connection now and then, and notes what came."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.event_source import EventSource

_LONGEST_ABSENCE = 1.0
_SAMPLED = 0.01
_SAID = re.compile(rb'"(?:text|message)":"(\d+):(\d+)"')
_ID = re.compile(rb"^id: (.+)$", re.MULTILINE)
_STATUS = re.compile(rb'"status":"(\w+)"')


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
        # No JSON is read: hundreds of thousands of events a second are heard by one process.
        async for blocks in source.blocks():
            if said := _SAID.findall(blocks):
                self._take(said, connected)
            if ids := _ID.findall(blocks):
                source.last_id = ids[-1].decode()
            self._heard.gaps += blocks.count(b"event: gap\n")
            if b"event: status\n" in blocks:
                self._status = _STATUS.findall(blocks)[-1].decode()

    def _take(self, said: Sequence[tuple[bytes, bytes]], connected: int) -> None:
        numbers = [int(number) for number, _ in said]
        if numbers != list(range(self._next, self._next + len(numbers))):
            self._heard.wrong.append(f"{numbers[0]} to {numbers[-1]} behind {self._next - 1}")
        self._next = numbers[-1] + 1
        self._heard.events += len(numbers)
        moment = int(said[-1][1])
        if moment > connected and random.random() < _SAMPLED:
            self._heard.latencies.append((time.monotonic_ns() - moment) / 1e6)
