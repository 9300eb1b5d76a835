"""No call does work that grows with what waits."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from penstock import Priority, Queue
from penstock.engine import Engine, Entry, Lease, Member, Settlement

ACME = Queue("acme", user_concurrency=3)
BACKLOG = 50_000
_WANT = 50
# Promotions, expiries, rooms, moves and users forgotten are each at most 100 in a call.
_BOUND = 12 * (100 + _WANT)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


async def commands(redis: Redis) -> int:
    return int((await redis.info("stats"))["total_commands_processed"])


async def test_a_call_does_bounded_work_however_much_waits_and_is_due(
    engine: Engine, redis: Redis
) -> None:
    for delay in (timedelta(0), timedelta(milliseconds=1)):
        entries = [
            Entry(member=Member(uuid7(), f"user-{number % 7}"), priority=Priority.LOW, delay=delay)
            for number in range(BACKLOG // 2)
        ]
        await engine.enqueue("acme", entries)

    most = 0
    leases: list[Lease] = []
    for _ in range(30):
        before = await commands(redis)
        settlements = [Settlement(lease=each) for each in leases]
        leases = list((await engine.claim(ACME, _WANT, settlements)).leases)
        most = max(most, await commands(redis) - before)

    assert most <= _BOUND
