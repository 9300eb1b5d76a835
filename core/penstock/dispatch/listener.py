"""One who follows a task: at a pace of its own, holding nobody up and hoarding nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

from penstock.engine import EngineUnavailableError
from penstock.events import BEGINNING, GAP, Event, Page, Position, Tail
from penstock.ledger import TaskRecord

HEARTBEAT = timedelta(seconds=15)
"""How long a listener waits before it says that there is nothing to say."""
_RETRY = 1.0
# Of a task that has ended: then what could not be read is lost.
_MOST_MISSES = 2
News = Event | TaskRecord
"""What is new of a task: an event of its stream, or its row."""


class Followed:
    """A task that somebody follows: what is known of it in this process.

    Attributes:
        record: its row, as it was read last.
        tail: the newest events.
        is_complete: whether the row has ended, and all that the stream had then is in ``tail``.
        listeners: who follows it.
        misses: how often its stream could not be read after it had ended.
        is_gone: whether there will be no more news: its row was removed, or everybody has to go.
    """

    def __init__(self, record: TaskRecord) -> None:
        self.record = record
        self.tail = Tail()
        self.listeners: set[Listener] = set()
        self.is_complete = False
        self.misses = 0
        self.is_gone = False

    @property
    def is_watched(self) -> bool:
        """Whether anybody wants its events, and not just its end."""
        return any(each.wants_events for each in self.listeners)

    def tell(self) -> int:
        """Wake all who follow it; returns how many."""
        for listener in self.listeners:
            listener.news.set()
        return len(self.listeners)


class Listener:
    """Follows one task; made by :class:`~penstock.dispatch.event_hub.EventHub`.

    Args:
        followed: the task.
        read: reads the stream behind a position, for who is further behind than the tail reaches.
        is_news: whether a row is worth telling to who was told the other one last.
        wants_events: or the task's end only.
    """

    def __init__(
        self,
        followed: Followed,
        *,
        read: Callable[[UUID, Position], Awaitable[Page]],
        is_news: Callable[[TaskRecord, TaskRecord], bool],
        wants_events: bool,
    ) -> None:
        self.news = asyncio.Event()
        self.wants_events = wants_events
        self._followed = followed
        self._read = read
        self._is_news = is_news
        self._position = BEGINNING
        self._place: int | None = None
        self._misses = 0

    async def end(self) -> TaskRecord:
        """The task's row when it has ended, or when there will be no more news of it."""
        while self._followed.record.finished_at is None and not self._followed.is_gone:
            self.news.clear()
            await self.news.wait()
        return self._followed.record

    async def batches(
        self, after: Position | None, heartbeat: timedelta = HEARTBEAT
    ) -> AsyncGenerator[Sequence[News], None]:
        """What is new, as much at once as there is, until the task has ended.

        First comes the row as it is, if the task is open; last the row that has ended, behind all
        events. A batch without anything says that nothing has come for ``heartbeat``.

        Args:
            after: the last event that is known already; the first that is kept is sent first if
                left out.
            heartbeat: how long to wait.
        """
        self._position = after or BEGINNING
        shown: TaskRecord | None = None
        while True:
            self.news.clear()
            followed = self._followed
            # In this order: when it is complete, the events that came before are there.
            record, has_ended = followed.record, followed.is_complete
            is_open = record.finished_at is None
            batch: list[News] = []
            if shown is None and is_open:
                shown = record
                batch.append(record)
            events, is_behind = await self._events(has_ended=has_ended)
            batch += events
            is_due = (is_open or has_ended) and not is_behind
            if is_due and (shown is None or self._is_news(record, shown)):
                shown = record
                batch.append(record)
            if batch:
                yield batch
            if is_behind:
                continue
            if has_ended or followed.is_gone:
                return
            if not await self._wait(heartbeat.total_seconds()):
                yield ()

    async def _events(self, *, has_ended: bool) -> tuple[Sequence[Event], bool]:
        """What comes next, and whether there is more behind that already."""
        tail = self._followed.tail
        if tail.position is None:
            return (), False
        if self._place is None:
            self._place = tail.place_of(self._position)
        if self._place is not None:
            events = tail.events_from(self._place)
            if events is not None:
                self._place = tail.end
                self._move(events)
                return events, False
        try:
            page = await self._read(self._followed.record.id, self._position)
        except EngineUnavailableError:
            self._misses += has_ended
            if self._misses >= _MOST_MISSES:
                return [GAP], False
            # Not lost yet: it is tried again, while the row is followed still.
            await self._wait(_RETRY)
            return (), not self._followed.is_gone
        self._misses = 0
        self._move(page.events)
        self._place = tail.place_behind(self._position)
        if self._place is None and not page.events:
            # The stream that its place was in is gone: it goes on with what there is.
            self._place = tail.start
        return [*(() if page.has_all else (GAP,)), *page.events], True

    def _move(self, events: Sequence[Event]) -> None:
        for event in reversed(events):
            if event.position is not None:
                self._position = event.position
                return

    async def _wait(self, seconds: float) -> bool:
        """Whether there was news within that time."""
        try:
            async with asyncio.timeout(seconds):
                await self.news.wait()
        except TimeoutError:
            return False
        return True
