"""The streams in Redis: writing to many, and reading from many, in one round trip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from penstock.engine import EngineUnavailableError, RedisServers
from penstock.engine.errors import translated
from penstock.events.event import BEGINNING, Event, Position

NEWEST = 256
"""How many events are read of a stream that nobody here knows yet."""
NEXT = 500
"""How many events are read at once behind a known position."""


class Page(NamedTuple):
    """What was read of one stream.

    Attributes:
        events: in order.
        has_all: whether none is missing between what was asked for and the first of them.
        is_last: whether there were no more.
    """

    events: Sequence[Event]
    has_all: bool
    is_last: bool


class EventStreams:
    """The streams of an installation's tasks.

    Every method raises :class:`~penstock.engine.EngineUnavailableError` if Redis is away. None
    repeats what it sends: a write whose answer was lost may have happened.

    Args:
        servers: the Redis that holds them.
        namespace: prefix of their keys.
        keep: how long a stream stays after the last write.
        most: how many events of a task are kept, give or take a hundred.
    """

    def __init__(
        self, servers: RedisServers, *, namespace: str, keep: timedelta, most: int = 2000
    ) -> None:
        self._namespace = namespace
        self._keep = max(1, round(keep.total_seconds() * 1000))
        self._most = most
        self._redis = servers.command_client()

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()

    async def write(self, written: Sequence[tuple[UUID, Sequence[Event]]]) -> list[int]:
        """Append events to the streams of tasks; returns how many of each are lost.

        Their positions are chosen by Redis.
        """
        # Commands on a pipeline only queue up, though they are typed as if they were sent.
        pipeline: Any = self._redis.pipeline(transaction=False)
        for task_id, events in written:
            key = self._key(task_id)
            for each in events:
                fields = {"k": each.kind, "d": each.data, "n": each.number or 0}
                pipeline.xadd(key, fields, maxlen=self._most, approximate=True)
            pipeline.pexpire(key, self._keep)
        with translated("write events"):
            answers = iter(await pipeline.execute(raise_on_error=False))
        lost = []
        for _, events in written:
            failed = [isinstance(next(answers), Exception) for _ in (*events, "its expiry")]
            lost.append(sum(failed[:-1]))
        return lost

    async def read(
        self, wanted: Mapping[UUID, Position | None]
    ) -> dict[UUID, Page | EngineUnavailableError]:
        """Read the streams of tasks.

        Args:
            wanted: the position behind which to begin; ``None`` for the newest events.

        Returns:
            A page for each, or why there is none: on a cluster one node may be away.
        """
        pipeline: Any = self._redis.pipeline(transaction=False)
        for task_id, position in wanted.items():
            if position is None:
                pipeline.xrevrange(self._key(task_id), count=NEWEST)
            else:
                # With the entry at the position itself: where that is gone, so may be others.
                start = "-" if position == BEGINNING else str(position)
                pipeline.xrange(self._key(task_id), min=start, count=NEXT)
        with translated("read events"):
            answers = await pipeline.execute(raise_on_error=False)
        return {
            task_id: EngineUnavailableError(f"Redis could not read events: {answer}")
            if isinstance(answer, Exception)
            else _page(position, answer)
            for (task_id, position), answer in zip(wanted.items(), answers, strict=True)
        }

    def _key(self, task_id: UUID) -> str:
        return f"{self._namespace}:events:{task_id}"


def _page(position: Position | None, answer: Sequence[Any]) -> Page:
    if position is None:
        events = [_event(*each) for each in reversed(answer)]
        is_whole = len(events) < NEWEST
        return Page(events, has_all=is_whole and _is_untrimmed(events), is_last=True)
    events = [_event(*each) for each in answer]
    is_last = len(events) < NEXT
    if position == BEGINNING:
        return Page(events, has_all=_is_untrimmed(events), is_last=is_last)
    if events and events[0].position == position:
        return Page(events[1:], has_all=True, is_last=is_last)
    return Page(events, has_all=False, is_last=is_last)


def _is_untrimmed(events: Sequence[Event]) -> bool:
    """Whether the first event of all is the first that its run said."""
    return not events or events[0].number == 0


def _event(name: bytes, fields: Mapping[bytes, bytes]) -> Event:
    return Event(
        Position.parse(name.decode()),
        fields[b"k"].decode(),
        fields[b"d"],
        int(fields[b"n"]),
    )
