"""Writing events: gathered per process, a few calls a second, and never waited for by a handler."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from penstock import background
from penstock.engine import EngineUnavailableError
from penstock.events.event import Event
from penstock.events.streams import EventStreams

# Long enough to join the words of a model, short enough for people to call it live.
_INTERVAL = 0.02
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_MOST_AT_ONCE = 500
_PATIENCE = 1.0
# Characters of text in one event.
_LONGEST_DELTA = 4096
# Of one run, in characters, that Redis has not taken yet.
_MOST_WAITING = 256 * 1024
_log = logging.getLogger(__name__)


class RunEvents:
    """What one run says; made by :meth:`EventWriter.of`.

    Args:
        wake: called when there is something to write.
    """

    def __init__(
        self, task_id: UUID, queue: str, run: int, wake: Callable[[RunEvents], None]
    ) -> None:
        self.task_id = task_id
        self.queue = queue
        self.is_being_sent = False
        self._run = run
        self._wake = wake
        self._waiting: deque[tuple[str, dict[str, Any], int]] = deque()
        self._text: list[str] = []
        self._text_size = 0
        self._size = 0
        self._lost = 0
        self._told = 0
        self._number = 0

    @property
    def is_idle(self) -> bool:
        """Whether all that was said is written, or given up."""
        return not (self._waiting or self._text or self._lost or self.is_being_sent)

    @property
    def has_more(self) -> bool:
        """Whether something is there to be written beside what was taken."""
        return bool(self._waiting or self._text)

    def delta(self, text: str) -> None:
        """Say that a text goes on with ``text``; what comes shortly after joins it."""
        for start in range(0, len(text), _LONGEST_DELTA):
            piece = text[start : start + _LONGEST_DELTA]
            if self._text_size + len(piece) > _LONGEST_DELTA:
                self._end_text()
            self._text.append(piece)
            self._text_size += len(piece)
            self._grow(len(piece))
        if text:
            self._wake(self)

    def add(self, kind: str, data: Mapping[str, Any], *, size: int) -> None:
        """Say anything else. ``size`` is about how long ``data`` is as JSON."""
        self._end_text()
        self._waiting.append((kind, {"run": self._run, **data}, size))
        self._grow(size)
        self._wake(self)

    def take(self, most: int) -> Sequence[Event]:
        """Up to ``most`` events to be written now."""
        self._end_text()
        taken: list[tuple[str, dict[str, Any]]] = []
        if self._lost:
            taken.append(("gap", {"run": self._run, "lost": self._lost}))
        self._told, self._lost = self._lost, 0
        while self._waiting and len(taken) < most:
            kind, data, size = self._waiting.popleft()
            self._size -= size
            taken.append((kind, data))
        events = []
        for kind, data in taken:
            events.append(Event(None, kind, _json(data), self._number))
            self._number += 1
        return events

    def lose(self, events: int) -> None:
        """Remember that so many of what was taken last are not written, and never will be."""
        if events:
            self._lost += events + self._told

    def give_up(self) -> None:
        """Forget all that is not written."""
        self._waiting.clear()
        self._text.clear()
        self._text_size = self._size = self._lost = 0

    def _end_text(self) -> None:
        if self._text:
            text = "".join(self._text)
            self._text.clear()
            self._text_size = 0
            self._waiting.append(("delta", {"run": self._run, "text": text}, len(text)))

    def _grow(self, size: int) -> None:
        """Make room for what was said last; the oldest text goes first."""
        self._size += size
        while self._size > _MOST_WAITING and self._waiting:
            oldest = next((each for each in self._waiting if each[0] == "delta"), self._waiting[0])
            self._waiting.remove(oldest)
            self._size -= oldest[2]
            self._lost += 1


class EventWriter:
    """Writes what the runs of this process say, and announces it.

    While Redis is away nothing waits for it: events are dropped, and a ``gap`` says so in the
    stream when it is back.

    Args:
        streams: where to.
        announce: tells whoever follows tasks of a queue that their streams have more.
    """

    def __init__(
        self,
        streams: EventStreams,
        *,
        announce: Callable[[str, Sequence[UUID]], Awaitable[None]],
    ) -> None:
        self._streams = streams
        self._announce = announce
        self._dirty: dict[RunEvents, None] = {}
        self._urgent = asyncio.Event()
        self._tried = asyncio.Event()
        self._outage = False
        self._sender: asyncio.Task[None] | None = None

    def of(self, task_id: UUID, queue: str, run: int) -> RunEvents:
        """What a run may say."""
        return RunEvents(task_id, queue, run, self._wake)

    async def flush(self, said: RunEvents) -> None:
        """Return once all of it is written, or given up: Redis gets a second."""
        if said.is_idle:
            return
        self._wake(said)
        try:
            async with asyncio.timeout(_PATIENCE):
                while not said.is_idle:
                    self._urgent.set()
                    await self._tried.wait()
                    if self._outage:
                        break
        except TimeoutError:
            pass
        said.give_up()

    async def close(self) -> None:
        """Write what is left, unless Redis is slow to take it."""
        self._urgent.set()
        await background.end(self._sender, patience=_PATIENCE)

    def _wake(self, said: RunEvents) -> None:
        self._dirty[said] = None
        if self._sender is None or self._sender.done():
            # Not in the caller's context: its log lines are about everybody's tasks.
            self._sender = asyncio.create_task(
                self._send_all(), name="events", context=contextvars.Context()
            )

    async def _send_all(self) -> None:
        pause = _FIRST_PAUSE
        await self._sleep(_INTERVAL)
        while self._dirty:
            try:
                await self._send()
            except EngineUnavailableError as error:
                level = logging.DEBUG if self._outage else logging.WARNING
                _log.log(level, "events of tasks are dropped: %s", error)
                self._outage = True
                self._tell_tried()
                await self._sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                pause = _FIRST_PAUSE
                self._outage = False
                self._tell_tried()
                await self._sleep(_INTERVAL)

    async def _send(self) -> None:
        """Write some of what waits, or drop it."""
        batch: list[tuple[RunEvents, Sequence[Event]]] = []
        room = _MOST_AT_ONCE
        while self._dirty and room > 0:
            said = next(iter(self._dirty))
            events = said.take(room)
            room -= len(events)
            if events:
                batch.append((said, events))
            if said.has_more:
                break
            del self._dirty[said]
        lost = [len(events) for _, events in batch]
        for said, _ in batch:
            said.is_being_sent = True
        try:
            lost = await self._streams.write([(said.task_id, events) for said, events in batch])
        finally:
            for (said, _), number in zip(batch, lost, strict=True):
                said.is_being_sent = False
                said.lose(number)
        by_queue: dict[str, list[UUID]] = defaultdict(list)
        for said, _ in batch:
            by_queue[said.queue].append(said.task_id)
        # Not in the same call: on a cluster it might arrive before the events.
        for queue, ids in by_queue.items():
            await self._announce(queue, ids)

    def _tell_tried(self) -> None:
        self._tried.set()
        self._tried.clear()

    async def _sleep(self, seconds: float) -> None:
        """Wait, unless somebody waits for what is to be written."""
        await background.came(self._urgent, within=seconds)
        self._urgent.clear()


def _json(data: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(data)
    except UnicodeEncodeError:
        # Half of a pair of surrogates, which no JSON in UTF-8 can hold.
        return msgspec.json.encode(
            {
                name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
                for name, value in data.items()
            }
        )
