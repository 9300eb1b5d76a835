"""Following tasks: one subscription and a handful of reads serve all who do in this process.

What is heard are hints alone: that the row, or the stream, of a task has more. What that is, is
read, once for everybody. So a hint that is missed delays the news by :data:`_REFRESH` at most.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import AsyncGenerator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from penstock import background
from penstock.dispatch.listener import HEARTBEAT, Followed, Listener, News
from penstock.engine import Change, Engine, EngineUnavailableError, hear
from penstock.events import EventStreams, Page, Position
from penstock.ledger import Ledger, LedgerUnavailableError, TaskRecord

_REFRESH = 5.0
# Between two looks at what is new: what comes meanwhile is read, and sent, together. With a crowd
# it is longer, so that the process has time for others.
_SHORTEST_ROUND = 0.02
_LONGEST_ROUND = 0.5
_PER_LISTENER = 0.0002
# How many read a stream for themselves at once, each with a connection.
_READERS = 4
_MOST_AT_ONCE = 500
# Refreshes in a row without anybody who follows anything, after which it stops.
_MOST_IDLE = 2
_AGAIN = 0.5
_PATIENCE = 5.0
T = TypeVar("T")
_log = logging.getLogger(__name__)


class EventHub:
    """Follows tasks on behalf of everybody in this process.

    It works as long as somebody follows anything, and a little longer.

    Args:
        ledger: knows the tasks' rows.
        engine: hears which tasks have news.
        streams: what runs say.
        queues: whose tasks' news is heard; that of others is looked for every few seconds.
    """

    def __init__(
        self, *, ledger: Ledger, engine: Engine, streams: EventStreams, queues: Sequence[str]
    ) -> None:
        self._ledger = ledger
        self._engine = engine
        self._streams = streams
        self._queues = queues
        self._followed: dict[bytes, Followed] = {}
        self._rows: set[bytes] = set()
        self._events: set[bytes] = set()
        self._has_work = asyncio.Event()
        self._readers = asyncio.Semaphore(_READERS)
        self._is_deaf = True
        self._is_closed = False
        self._tasks: list[asyncio.Task[None]] = []
        # Those that end because nobody follows anything, and may be told to begin anew meanwhile.
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def listeners(self) -> int:
        """How many follow a task now."""
        return sum(len(each.listeners) for each in self._followed.values())

    async def follow(
        self,
        record: TaskRecord,
        *,
        after: Position | None = None,
        heartbeat: timedelta = HEARTBEAT,
    ) -> AsyncGenerator[Sequence[News], None]:
        """What is new of a task, in batches; see :meth:`Listener.batches`.

        Args:
            record: its row, as it was just read.
            after: the last event that is known already.
            heartbeat: how long to wait for news before an empty batch.
        """
        with self._listener(record, wants_events=True) as listener:
            async with aclosing(listener.batches(after, heartbeat)) as batches:
                async for batch in batches:
                    yield batch

    async def ended(self, task_id: UUID, timeout: timedelta | None = None) -> TaskRecord | None:
        """The row of a task when it has ended, or as it is after ``timeout``.

        Nothing if there is no such task (any more).

        Raises:
            LedgerUnavailableError: the database is away.
        """
        record = await self._ledger.find(task_id)
        if record is None or record.finished_at is not None:
            return record
        with self._listener(record, wants_events=False) as listener:
            try:
                async with asyncio.timeout(timeout.total_seconds() if timeout else None):
                    record = await listener.end()
            except TimeoutError:
                pass
        return record if record.finished_at is not None else await self._ledger.find(task_id)

    def let_go(self) -> None:
        """Let nobody follow anything any more: they end as if the task had no more news."""
        self._is_closed = True
        for followed in self._followed.values():
            followed.is_gone = True
            followed.tell()

    async def close(self) -> None:
        """Let everybody go, and stop."""
        self.let_go()
        self._has_work.set()
        tasks, self._tasks = self._tasks, []
        await _end(*tasks)
        await background.end(*self._leaving, patience=_PATIENCE)

    @contextmanager
    def _listener(self, record: TaskRecord, *, wants_events: bool) -> Iterator[Listener]:
        key = record.id.bytes
        followed = self._followed.get(key)
        if followed is None:
            followed = self._followed[key] = Followed(record)
            followed.is_gone = self._is_closed
            # What happened since the row was read is announced to nobody.
            self._look_at([key], self._rows)
        listener = Listener(
            followed, read=self._read, is_news=self._is_told_anew, wants_events=wants_events
        )
        followed.listeners.add(listener)
        if wants_events and followed.tail.position is None:
            self._look_at([key], self._events)
            self._look_at([key], self._rows)
        self._begin()
        try:
            yield listener
        finally:
            followed.listeners.discard(listener)
            if not followed.listeners and self._followed.get(key) is followed:
                del self._followed[key]

    # -- in the background -------------------------------------------------------------------

    def _begin(self) -> None:
        if not self._tasks and not self._is_closed:
            self._tasks = [
                asyncio.create_task(each, name=name, context=contextvars.Context())
                for name, each in (
                    ("news", self._look_for_ever()),
                    ("news-listener", self._listen()),
                    ("news-refresh", self._refresh()),
                )
            ]

    def _look_at(self, keys: Iterable[bytes], where: set[bytes]) -> None:
        where.update(keys)
        self._has_work.set()

    async def _listen(self) -> None:
        """Hear which tasks have news."""
        await hear(
            lambda: self._engine.changes(self._queues),
            self._hear,
            of="news of tasks",
            deafened=self._lose_news,
        )

    def _lose_news(self) -> None:
        self._is_deaf = True

    async def _hear(self, change: Change) -> None:
        if change.kind is None:
            self._is_deaf = False
            self._look_at(self._followed, self._rows)
            self._look_at(self._followed, self._events)
            return
        keys = [each for each in change.ids if each in self._followed]
        if keys:
            self._look_at(keys, self._rows if change.kind == "status" else self._events)

    async def _refresh(self) -> None:
        """Look at everything from time to time, and stop when nobody follows anything."""
        idle = 0
        while idle < _MOST_IDLE:
            await asyncio.sleep(_REFRESH)
            idle = 0 if self._followed else idle + 1
            ids = [each.record.id for each in self._followed.values()]
            try:
                for some in _portions(ids):
                    changes = await self._ledger.last_changes(some)
                    self._look_at(
                        [each.bytes for each in some if self._is_news(each, changes)], self._rows
                    )
            except LedgerUnavailableError as error:
                _log.debug("looking for news of tasks waits: %s", error)
            self._look_at(self._followed, self._events)
        tasks, self._tasks = self._tasks, []
        self._leaving.update(tasks)
        self._has_work.set()
        await _end(*tasks[:2])
        self._leaving.difference_update(tasks)

    def _is_news(self, task_id: UUID, changes: Mapping[UUID, datetime]) -> bool:
        followed = self._followed.get(task_id.bytes)
        return followed is not None and changes.get(task_id) != followed.record.updated_at

    async def _look_for_ever(self) -> None:
        while asyncio.current_task() in self._tasks:
            await self._has_work.wait()
            self._has_work.clear()
            woken = 0
            try:
                woken = await self._look()
            # One that ended would make all news slow, and nobody would know why.
            except Exception:  # noqa: BLE001
                _log.exception("looking for news of tasks")
            await asyncio.sleep(min(max(woken * _PER_LISTENER, _SHORTEST_ROUND), _LONGEST_ROUND))

    async def _look(self) -> int:
        """Read what is said to be new; returns how many listeners were told."""
        rows, self._rows = self._rows, set()
        events, self._events = self._events, set()
        ended, told = await self._read_rows(rows)
        told |= await self._read_events(events | ended.keys(), ended)
        return sum(self._followed[each].tell() for each in told if each in self._followed)

    async def _read_rows(
        self, keys: Collection[bytes]
    ) -> tuple[dict[bytes, TaskRecord], set[bytes]]:
        """Read rows; returns those that have ended, and of which others there is news."""
        ended: dict[bytes, TaskRecord] = {}
        told: set[bytes] = set()
        for some in _portions([UUID(bytes=each) for each in keys if each in self._followed]):
            try:
                found = await self._ledger.find_all(some)
            except LedgerUnavailableError as error:
                # They are looked at again with the next refresh.
                _log.debug("news of tasks wait: %s", error)
                return ended, told
            for task_id in some:
                followed = self._followed.get(task_id.bytes)
                if followed is None:
                    continue
                record = found.get(task_id)
                if record is None:
                    followed.is_gone = True
                elif record.finished_at is not None and followed.is_watched:
                    ended[task_id.bytes] = record
                    continue
                else:
                    followed.record, followed.is_complete = record, False
                told.add(task_id.bytes)
        return ended, told

    async def _read_events(
        self, keys: Collection[bytes], ended: Mapping[bytes, TaskRecord]
    ) -> set[bytes]:
        """Read on in streams; returns of which there is news.

        Args:
            keys: whose.
            ended: rows to show as soon as all that the stream has is read.
        """
        told: set[bytes] = set()
        watched = [
            each for each in keys if each in self._followed and self._followed[each].is_watched
        ]
        for some in _portions(watched):
            try:
                pages = await self._streams.read(
                    {
                        UUID(bytes=each): self._followed[each].tail.position
                        for each in some
                        if each in self._followed
                    }
                )
            except EngineUnavailableError as error:
                pages = {UUID(bytes=each): error for each in some}
            for task_id, page in pages.items():
                key = task_id.bytes
                followed = self._followed.get(key)
                if followed is not None and self._take(followed, page, ended.get(key)):
                    told.add(key)
        return told

    def _take(
        self, followed: Followed, page: Page | EngineUnavailableError, ended: TaskRecord | None
    ) -> bool:
        """Take over what was read of a stream, and the row if it has ended; is there any news?"""
        key = followed.record.id.bytes
        if isinstance(page, Page):
            is_new = followed.tail.take(page)
            if not page.is_last:
                self._look_at([key], self._events)
                if ended is not None:
                    self._look_at([key], self._rows)
                return is_new
        elif ended is None:
            # With the next hint, or the next refresh.
            return False
        elif followed.misses == 0:
            followed.misses += 1
            asyncio.get_running_loop().call_later(_AGAIN, self._look_at, [key], self._rows)
            return False
        else:
            followed.tail.lose()
            is_new = True
        if ended is not None:
            followed.record, followed.is_complete = ended, True
            is_new = True
        return is_new

    async def _read(self, task_id: UUID, position: Position) -> Page:
        """Read a stream for one who is far behind."""
        async with self._readers:
            page = (await self._streams.read({task_id: position}))[task_id]
        if isinstance(page, EngineUnavailableError):
            raise page
        return page

    def _is_told_anew(self, record: TaskRecord, shown: TaskRecord) -> bool:
        """Whether a row has changed enough to be told: progress comes by events, if these come."""
        return _essence(record) != _essence(shown) or (
            self._is_deaf
            and (record.progress, record.progress_message)
            != (shown.progress, shown.progress_message)
        )


async def _end(looking: asyncio.Task[None] | None = None, *others: asyncio.Task[None]) -> None:
    """End those that :meth:`EventHub._begin` began, or some of them."""
    await background.end(*others)
    # A read of the ledger gets some time to end; see there.
    await background.end(looking, patience=_PATIENCE)


def _essence(record: TaskRecord) -> object:
    return (
        record.status,
        record.attempts,
        record.run_at,
        record.started_at,
        record.finished_at,
        record.cancel_requested_at,
        record.error,
    )


def _portions(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(ids), _MOST_AT_ONCE):
        yield ids[start : start + _MOST_AT_ONCE]
