"""Events on their way to Redis: gathered, bounded, and never in anybody's way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from redis.asyncio import Redis

from penstock.engine import RedisServers
from penstock.events import BEGINNING, Event, EventStreams, EventWriter, Page
from tests.services import RedisServer
from tests.services.standstill import STANDSTILL


@pytest.fixture
async def streams(redis_url: str, namespace: str) -> AsyncIterator[EventStreams]:
    streams = EventStreams(
        RedisServers(redis_url), namespace=namespace, keep=timedelta(seconds=5), most=200
    )
    yield streams
    await streams.close()


async def nobody(queue: str, ids: Sequence[UUID]) -> None:
    pass


async def read(streams: EventStreams, task_id: UUID) -> Page:
    page = (await streams.read({task_id: BEGINNING}))[task_id]
    assert isinstance(page, Page)
    return page


def told(events: Sequence[Event]) -> list[tuple[str, object]]:
    return [(each.kind, msgspec.json.decode(each.data)) for each in events]


async def test_pieces_of_a_text_are_joined_and_keep_their_place_among_others(
    streams: EventStreams,
) -> None:
    writer = EventWriter(streams, announce=nobody)
    task_id = uuid4()
    said = writer.of(task_id, "talk", 3)
    for piece in ("a", "b", "c"):
        said.delta(piece)
    said.add("log", {"message": "x"}, size=10)
    said.delta("d\ud800")

    await writer.flush(said)

    assert told((await read(streams, task_id)).events) == [
        ("delta", {"run": 3, "text": "abc"}),
        ("log", {"run": 3, "message": "x"}),
        ("delta", {"run": 3, "text": "d?"}),
    ]
    await writer.close()


async def test_many_runs_are_written_in_a_few_calls_and_announced_by_queue(
    streams: EventStreams, redis_url: str
) -> None:
    announced: list[tuple[str, int]] = []

    async def announce(queue: str, ids: Sequence[UUID]) -> None:
        announced.append((queue, len(ids)))

    writer = EventWriter(streams, announce=announce)
    runs = [writer.of(uuid4(), f"queue-{i % 2}", 1) for i in range(100)]
    for said in runs:
        said.delta("x")

    await asyncio.gather(*map(writer.flush, runs))

    assert sorted(announced) == [("queue-0", 50), ("queue-1", 50)]
    await writer.close()


async def test_a_stream_is_capped_and_goes_away(
    streams: EventStreams, redis_url: str, namespace: str
) -> None:
    writer = EventWriter(streams, announce=nobody)
    said = writer.of(uuid4(), "talk", 1)
    for i in range(1000):
        said.add("progress", {"progress": i}, size=10)
    await writer.flush(said)

    page = await read(streams, said.task_id)

    assert 200 <= len(page.events) <= 310
    assert not page.has_all
    async with Redis.from_url(redis_url) as redis:
        assert 0 < await redis.pttl(f"{namespace}:events:{said.task_id}") <= 5000
    await writer.close()


async def test_what_redis_does_not_take_is_dropped_and_said_to_be(
    tmp_path: Path, namespace: str
) -> None:
    with RedisServer(tmp_path / "own-redis") as server:
        streams = EventStreams(
            RedisServers(server.url), namespace=namespace, keep=timedelta(seconds=60)
        )
        writer = EventWriter(streams, announce=nobody)
        said = writer.of(uuid4(), "talk", 1)
        said.delta("before ")
        await writer.flush(said)
        server.stop()
        said.delta("meanwhile ")
        while not said._lost:  # noqa: ASYNC110  (nobody tells)
            await asyncio.sleep(0.01)
        server.start()
        said.delta("after")
        await writer.flush(said)

        page = await read(streams, said.task_id)
        await writer.close()
        await streams.close()

    assert told(page.events) == [
        ("delta", {"run": 1, "text": "before "}),
        ("gap", {"run": 1, "lost": 1}),
        ("delta", {"run": 1, "text": "after"}),
    ]


async def test_the_end_of_a_task_waits_a_second_at_most_for_a_redis_that_hangs(
    tmp_path: Path, namespace: str
) -> None:
    with RedisServer(tmp_path / "own-redis") as server:
        streams = EventStreams(
            RedisServers(server.url), namespace=namespace, keep=timedelta(seconds=60)
        )
        writer = EventWriter(streams, announce=nobody)
        said = writer.of(uuid4(), "talk", 1)
        said.delta("before ")
        await writer.flush(said)
        server.pause()
        said.delta("x")

        async with asyncio.timeout(1 + STANDSTILL):
            await writer.flush(said)

        server.resume()
        await writer.close()
        await streams.close()
    assert said.is_idle


async def test_what_waits_in_memory_is_bounded_and_the_oldest_text_goes_first(
    streams: EventStreams,
) -> None:
    writer = EventWriter(streams, announce=nobody)
    said = writer.of(uuid4(), "talk", 1)
    said.add("log", {"message": "kept"}, size=10)
    said.delta("x" * 1_000_000)

    assert said._size <= 256 * 1024 + 4096
    events = said.take(1000)

    assert [each.kind for each in events[:3]] == ["gap", "log", "delta"]
    assert msgspec.json.decode(events[0].data)["lost"] > 150
    await writer.close()
