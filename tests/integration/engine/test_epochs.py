"""Indexes that are begun, wiped and begun again, while others work with the old one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from penstock import Priority, Queue
from penstock.engine import (
    Engine,
    EngineFormatError,
    EngineUnavailableError,
    Entry,
    EpochMissingError,
    Heartbeat,
    RedisServers,
)
from penstock.engine.keys import QueueKeys
from tests.integration.engine.conftest import LEASE
from tests.services import RedisServer

ACME = Queue("acme")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


def entry() -> Entry:
    return Entry(id=uuid7(), priority=Priority.NORMAL)


async def wipe(engine: Engine, redis: Redis) -> None:
    await redis.delete(*QueueKeys.of(engine.namespace, "acme"))


async def test_a_process_that_remembers_the_old_index_goes_on_with_the_new_one(
    engine: Engine, redis: Redis
) -> None:
    await engine.enqueue("acme", [entry()])
    old = (await engine.claim(ACME, 1)).leases[0]
    await wipe(engine, redis)
    assert await engine.create_epoch("acme")

    assert await engine.enqueue("acme", [entry()]) == 1
    new = (await engine.claim(ACME, 1)).leases[0]

    assert new.epoch != old.epoch
    assert new.token != old.token


async def test_a_lease_carries_the_index_that_it_was_taken_from(
    engine: Engine, redis: Redis
) -> None:
    await engine.enqueue("acme", [entry()])

    async def forget() -> None:  # as a call beside this one does that met a new index
        while not claiming.done():
            engine._epochs.clear()
            await asyncio.sleep(0)

    claiming = asyncio.create_task(engine.claim(ACME, 1))
    await forget()

    (lease,) = (await claiming).leases
    epoch = await redis.get(QueueKeys.of(engine.namespace, "acme").epoch)
    assert lease.epoch.encode() == epoch


async def test_a_heartbeat_of_an_older_process_leaves_a_newer_layout_alone(
    engine: Engine, redis: Redis, redis_url: str
) -> None:
    await engine.enqueue("acme", [entry()])
    (lease,) = (await engine.claim(ACME, 1)).leases
    await wipe(engine, redis)
    keys = QueueKeys.of(engine.namespace, "acme")
    await redis.set(keys.epoch, "2-abc")
    heartbeat = Heartbeat(
        RedisServers(redis_url), namespace=engine.namespace, lease=LEASE, worker="w"
    )

    with pytest.raises(EngineFormatError, match="key layout 2"):
        await asyncio.to_thread(heartbeat.renew, "acme", [lease])

    assert await redis.exists(*keys) == 1
    heartbeat.close()


async def test_what_is_missing_is_told_with_the_index_that_was_asked(
    engine: Engine, redis: Redis
) -> None:
    known, unknown = entry(), entry()
    await engine.enqueue("acme", [known])
    epoch, missing = await engine.missing("acme", [known.id, unknown.id])
    assert (epoch[:2], missing) == ("1-", [unknown.id])
    assert await engine.missing("acme", []) == (epoch, [])

    await wipe(engine, redis)
    assert await engine.missing("acme", [known.id]) == ("", [known.id])


async def test_a_redis_that_was_flushed_and_restarted_serves_again(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        engine = Engine(RedisServers(server.url), namespace="penstock", lease=LEASE)
        await engine.create_epoch("acme")
        await engine.enqueue("acme", [entry()])
        server.flush()
        with pytest.raises(EpochMissingError):
            await engine.claim(ACME, 1)

        server.stop()
        for call in (engine.claim(ACME, 1), engine.counts(["acme"]), engine.wait("acme", 1)):
            with pytest.raises(EngineUnavailableError, match="Redis could not"):
                await call
        server.start()

        assert await engine.create_epoch("acme")
        assert await engine.enqueue("acme", [entry()]) == 1
        assert len((await engine.claim(ACME, 1)).leases) == 1
        await engine.close()
