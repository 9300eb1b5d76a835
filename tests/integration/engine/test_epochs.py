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
    Member,
    RedisServers,
)
from penstock.engine.keys import FORMAT, QueueKeys
from tests.integration.engine.conftest import LEASE
from tests.services import RedisServer
from tests.services.engine_clock import let_pass
from tests.services.index import new_index

ACME = Queue("acme")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


def entry() -> Entry:
    return Entry(member=Member(uuid7()), priority=Priority.NORMAL)


async def wipe(engine: Engine, redis: Redis) -> None:
    await redis.delete(*QueueKeys.of(engine.namespace, "acme"))


async def test_a_process_that_remembers_the_old_index_goes_on_with_the_new_one(
    engine: Engine, redis: Redis
) -> None:
    await engine.enqueue("acme", [entry()])
    old = (await engine.claim(ACME, 1)).leases[0]
    await wipe(engine, redis)
    assert await new_index(engine, "acme")

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
    await redis.set(keys.epoch, f"{FORMAT + 1}-abc")
    heartbeat = Heartbeat(
        RedisServers(redis_url), namespace=engine.namespace, lease=LEASE, worker="w"
    )

    with pytest.raises(EngineFormatError, match=f"key layout {FORMAT + 1}"):
        await asyncio.to_thread(heartbeat.renew, "acme", [lease])

    assert await redis.exists(*keys) == 1
    heartbeat.close()


async def test_an_index_hands_nothing_out_before_it_is_open(engine: Engine) -> None:
    assert await engine.begin_index("other") is not None
    other = Queue("other")
    await engine.enqueue("other", [entry()])

    with pytest.raises(EpochMissingError, match="being built"):
        await engine.claim(other, 1)
    assert await engine.begin_index("other") is None


async def test_an_index_that_nobody_builds_on_goes_away(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.engine.engine._BUILDING_TIMEOUT", 50_000)
    given_up = await engine.begin_index("other")
    assert given_up is not None
    assert await engine.without_index(["acme", "other"]) == []
    await engine.keep_building("other", given_up)
    await let_pass(engine, 60)

    assert await engine.without_index(["acme", "other"]) == ["other"]
    with pytest.raises(EpochMissingError):
        await engine.open_index("other", given_up)
    assert await new_index(engine, "other")
    with pytest.raises(EpochMissingError):  # by now there is another one
        await engine.keep_building("other", given_up)
    assert (await engine.claim(Queue("other"), 1)).leases == []


async def test_a_redis_that_was_flushed_and_restarted_serves_again(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        engine = Engine(RedisServers(server.url), namespace="penstock", lease=LEASE)
        await new_index(engine, "acme")
        await engine.enqueue("acme", [entry()])
        server.flush()
        with pytest.raises(EpochMissingError):
            await engine.claim(ACME, 1)

        server.stop()
        for call in (engine.claim(ACME, 1), engine.counts(["acme"]), engine.wait("acme", 1)):
            with pytest.raises(EngineUnavailableError, match="Redis could not"):
                await call
        server.start()

        assert await new_index(engine, "acme")
        assert await engine.enqueue("acme", [entry()]) == 1
        assert len((await engine.claim(ACME, 1)).leases) == 1
        await engine.close()


async def test_an_index_of_an_older_layout_is_replaced_by_one_process(
    engine: Engine, redis: Redis
) -> None:
    keys = QueueKeys.of(engine.namespace, "other")
    await redis.set(keys.epoch, "1-old")
    old = uuid7()
    await redis.zadd(keys.waiting, {old.bytes: 1})
    await redis.zadd(keys.leases, {uuid7().bytes: 1})

    assert await engine.without_index(["acme", "other"]) == ["other"]
    with pytest.raises(EpochMissingError):
        await engine.claim(Queue("other"), 1)
    begun = await asyncio.gather(*(engine.begin_index("other") for _ in range(5)))
    (epoch,) = filter(None, begun)

    assert await redis.exists(keys.waiting, keys.leases) == 0
    again = Entry(member=Member(old, "alice"), priority=Priority.NORMAL)
    assert await engine.enqueue("other", [again]) == 1
    await engine.open_index("other", epoch)
    assert [each.member for each in (await engine.claim(Queue("other"), 5)).leases] == [
        again.member
    ]
