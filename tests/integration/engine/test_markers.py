"""Nobody sleeps while there is work, and nobody is woken for none."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from penstock import Priority, Queue, RateLimit
from penstock.engine import Engine, Entry, Member, Settlement
from penstock.engine.keys import QueueKeys
from tests.services.engine_clock import let_pass

ACME = Queue("acme")


def limited(limit: int, seconds: float = 300) -> Queue:
    return Queue("acme", rate_limit=RateLimit(limit=limit, period=timedelta(seconds=seconds)))


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


async def put(engine: Engine, count: int = 1, *, delay: timedelta = timedelta(0)) -> None:
    entries = [
        Entry(member=Member(uuid7()), priority=Priority.NORMAL, delay=delay) for _ in range(count)
    ]
    assert await engine.enqueue("acme", entries) == count


async def markers(engine: Engine, redis: Redis) -> int:
    return int(await redis.llen(QueueKeys.of(engine.namespace, "acme").wake))


async def test_a_worker_that_is_full_leaves_the_open_rest_of_a_rate_limit_to_others(
    engine: Engine, redis: Redis
) -> None:
    await put(engine, 3)
    assert len((await engine.claim(limited(10), 1)).leases) == 1

    assert await markers(engine, redis) == 1


async def test_a_worker_that_is_full_sends_another_one_to_wait_for_the_rate_limit(
    engine: Engine, redis: Redis
) -> None:
    queue = limited(1)
    await put(engine, 2)
    assert len((await engine.claim(queue, 1)).leases) == 1
    assert await markers(engine, redis) == 1

    idle = await engine.claim(queue, 1)

    assert idle.leases == []
    # Its lease ends sooner than the limit opens: whichever is first ends the wait.
    assert idle.next_wake == pytest.approx(engine.lease.total_seconds(), abs=10)
    assert await markers(engine, redis) == 0


async def test_a_worker_learns_when_the_rate_limit_opens_from_the_call_that_closed_it(
    engine: Engine,
) -> None:
    queue = limited(2, seconds=20)
    await put(engine, 3)

    claim = await engine.claim(queue, 10)

    assert len(claim.leases) == 2
    assert claim.next_wake == pytest.approx(20, abs=5)


async def test_a_worker_without_a_slot_passes_the_news_of_a_delayed_task_on(
    engine: Engine, redis: Redis
) -> None:
    await put(engine, delay=timedelta(seconds=30))
    await engine.wait("acme", 20)  # it took the marker, and has no slot left

    await engine.claim(ACME, 0)

    assert await markers(engine, redis) == 1


@pytest.mark.parametrize("queue", [ACME, limited(1), Queue("acme", global_concurrency=1)])
async def test_a_worker_with_free_slots_and_nothing_to_start_is_woken_by_nobody(
    engine: Engine, redis: Redis, queue: Queue
) -> None:
    await put(engine, 2)
    await put(engine, delay=timedelta(seconds=30))
    await engine.claim(queue, 1)
    await engine.claim(queue, 5)  # takes the second one, or is stopped by a limit

    claim = await engine.claim(queue, 5)

    assert claim.leases == []
    assert await markers(engine, redis) == 0


async def test_a_settlement_opens_a_place_for_whoever_sleeps(engine: Engine, redis: Redis) -> None:
    queue = Queue("acme", global_concurrency=1)
    await put(engine, 2)
    (lease,) = (await engine.claim(queue, 1)).leases
    await engine.claim(queue, 1)
    assert await markers(engine, redis) == 0

    await engine.claim(queue, 0, [Settlement(lease=lease)])

    assert await markers(engine, redis) == 1


async def test_only_an_earlier_due_time_wakes_a_sleeper(engine: Engine, redis: Redis) -> None:
    await put(engine, delay=timedelta(seconds=10))
    await engine.claim(ACME, 1)
    await put(engine, delay=timedelta(seconds=20))
    assert await markers(engine, redis) == 0

    await put(engine, delay=timedelta(seconds=5))

    assert await markers(engine, redis) == 1


async def test_any_number_of_tasks_makes_one_marker(engine: Engine, redis: Redis) -> None:
    await asyncio.gather(*(put(engine, 3) for _ in range(20)))

    assert await markers(engine, redis) == 1


async def test_a_burst_across_the_edge_of_a_period_stays_within_the_limit(engine: Engine) -> None:
    queue = limited(4, seconds=30)
    await put(engine, 12)
    assert len((await engine.claim(queue, 1)).leases) == 1
    await let_pass(engine, 25)
    assert len((await engine.claim(queue, 10)).leases) == 3
    await let_pass(engine, 10)

    # A fixed window would let four more through here.
    claim = await engine.claim(queue, 10)

    assert len(claim.leases) == 1
    assert claim.next_wake == pytest.approx(20, abs=5)
