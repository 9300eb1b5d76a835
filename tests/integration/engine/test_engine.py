"""Order, limits and leases, on a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from uuid_utils.compat import uuid7

from penstock import Priority, Queue, RateLimit
from penstock.engine import (
    Engine,
    EngineFormatError,
    EngineUnavailableError,
    Entry,
    EpochMissingError,
    Heartbeat,
    Lease,
    Member,
    RedisServers,
    Settlement,
    scripts,
)
from penstock.engine.keys import FORMAT, QueueKeys
from tests.integration.engine.conftest import LEASE, silence
from tests.services.engine_clock import let_pass
from tests.services.index import new_index

ACME = Queue("acme", concurrency=100)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


async def put(
    engine: Engine,
    count: int = 1,
    *,
    priority: Priority = Priority.NORMAL,
    delay: timedelta = timedelta(0),
) -> list[UUID]:
    """Enqueue new tasks; returns their ids."""
    entries = [Entry(member=Member(uuid7()), priority=priority, delay=delay) for _ in range(count)]
    assert await engine.enqueue("acme", entries) == count
    return [each.id for each in entries]


async def take(engine: Engine, want: int = 1, queue: Queue = ACME) -> list[UUID]:
    return ids((await engine.claim(queue, want)).leases)


async def refused(heartbeat: Heartbeat, leases: Sequence[Lease], **options: bool) -> list[Lease]:
    """The leases that a heartbeat is refused."""
    beat = await asyncio.to_thread(heartbeat.renew, "acme", leases, **options)
    return list(beat.lost)


def ids(leases: Sequence[Lease]) -> list[UUID]:
    return [lease.id for lease in leases]


async def test_tasks_come_out_by_priority_and_then_in_the_order_of_their_arrival(
    engine: Engine,
) -> None:
    low = await put(engine, 3, priority=Priority.LOW)
    normal = await put(engine, 3)
    urgent = await put(engine, 2, priority=Priority.URGENT)
    high = await put(engine, 2, priority=Priority.HIGH)

    assert await take(engine, 5) == [*urgent, *high, *normal[:1]]
    assert await take(engine, 100) == [*normal[1:], *low]


async def test_handing_over_a_task_that_is_there_changes_nothing(engine: Engine) -> None:
    (waiting,) = await put(engine)
    (delayed,) = await put(engine, delay=timedelta(minutes=1))
    (leased,) = await put(engine, priority=Priority.URGENT)
    assert await take(engine) == [leased]

    again = [
        Entry(member=Member(each), priority=Priority.LOW, delay=delay)
        for each in (waiting, delayed, leased)
        for delay in (timedelta(0), timedelta(seconds=9))
    ]
    assert await engine.enqueue("acme", again) == 0

    counts = (await engine.counts(["acme"]))["acme"]
    assert (counts.waiting, counts.delayed, counts.active) == (1, 1, 1)


async def test_a_delayed_task_waits_for_its_time_and_then_takes_its_place(engine: Engine) -> None:
    (late,) = await put(engine, delay=timedelta(seconds=120))
    (soon,) = await put(engine, delay=timedelta(seconds=60), priority=Priority.LOW)

    first = await engine.claim(ACME, 10)
    assert first.leases == []
    assert first.next_wake == pytest.approx(60, abs=10)
    await let_pass(engine, 120)

    assert await take(engine, 10) == [late, soon]


async def test_an_expired_lease_goes_back_to_its_old_place_in_line(engine: Engine) -> None:
    first, second, third = await put(engine, 3)
    claim = await engine.claim(ACME, 2)
    assert ids(claim.leases) == [first, second]
    assert claim.next_wake == pytest.approx(LEASE.total_seconds(), abs=10)

    await silence(engine, LEASE.total_seconds() + 1)
    claim = await engine.claim(ACME, 3)

    assert claim.expired == 2
    assert ids(claim.leases) == [first, second, third]


async def test_a_settled_lease_is_done_or_delayed_or_back_in_its_old_place(engine: Engine) -> None:
    done, delayed, back, behind = await put(engine, 4)
    leases = (await engine.claim(ACME, 3)).leases

    claim = await engine.claim(
        ACME,
        10,
        [
            Settlement(lease=leases[0]),
            Settlement(lease=leases[1], kind="delay", delay=timedelta(seconds=20)),
            Settlement(lease=leases[2], kind="back"),
        ],
    )

    assert ids(claim.leases) == [back, behind]
    assert await engine.missing("acme", [Member(done), Member(delayed)]) == [Member(done)]
    await let_pass(engine, 25)
    assert await take(engine, 10) == [delayed]


async def test_of_two_settlements_of_one_lease_in_one_call_the_first_counts(engine: Engine) -> None:
    done, back = await put(engine, 2)
    leases = (await engine.claim(ACME, 2)).leases

    claim = await engine.claim(
        ACME,
        10,
        [
            Settlement(lease=leases[0]),
            Settlement(lease=leases[0], kind="back"),
            Settlement(lease=leases[1], kind="back"),
            Settlement(lease=leases[1]),
        ],
    )

    assert ids(claim.leases) == [back]
    assert await engine.missing("acme", [Member(done), Member(back)]) == [Member(done)]
    assert (await engine.counts(["acme"]))["acme"].active == 1


async def test_a_settlement_by_who_lost_the_lease_is_ignored(engine: Engine) -> None:
    (task,) = await put(engine)
    (lost,) = (await engine.claim(ACME, 1)).leases
    await silence(engine, LEASE.total_seconds() + 1)
    (held,) = (await engine.claim(ACME, 1)).leases

    for kind in ("done", "delay", "back"):
        await engine.claim(ACME, 0, [Settlement(lease=lost, kind=kind)])
    assert (await engine.counts(["acme"]))["acme"].active == 1

    await engine.claim(ACME, 0, [Settlement(lease=held)])
    assert await engine.missing("acme", [Member(task)]) == [Member(task)]


async def test_a_rate_limit_is_never_exceeded_in_any_window(engine: Engine, redis: Redis) -> None:
    queue = Queue("acme", rate_limit=RateLimit(limit=5, period=timedelta(seconds=40)))
    await put(engine, 40)
    starts: list[float] = []
    passed = 0.0
    while passed < 220:
        claim = await engine.claim(queue, 3)
        recorded = await redis.lrange(engine_keys(engine).starts, 0, len(claim.leases) - 1)
        starts += [int(each) for each in recorded[: len(claim.leases)]]
        assert claim.next_wake is not None
        step = min(claim.next_wake, 4)
        await let_pass(engine, step)
        passed += step

    starts.sort()
    assert all(
        later - earlier >= 40_000 for earlier, later in zip(starts, starts[5:], strict=False)
    )
    assert len(starts) >= 25  # six windows begin in this time; nothing that is allowed is wasted


async def test_a_closed_rate_limit_says_when_it_opens_and_leaves_nobody_spinning(
    engine: Engine,
) -> None:
    queue = Queue("acme", rate_limit=RateLimit(limit=2, period=timedelta(seconds=50)))
    await put(engine, 5)
    engine_lease = await engine.claim(queue, 10)
    assert len(engine_lease.leases) == 2

    await engine.claim(queue, 0, [Settlement(lease=each) for each in engine_lease.leases])
    claim = await engine.claim(queue, 10)

    assert claim.leases == []
    assert claim.next_wake == pytest.approx(50, abs=10)
    with pytest.raises(TimeoutError):  # no marker is left to wake anybody
        async with asyncio.timeout(0.1):
            await engine.wait("acme", 60)


async def test_global_concurrency_is_counted_from_leases(engine: Engine) -> None:
    queue = Queue("acme", global_concurrency=3)
    tasks = await put(engine, 6)
    claim = await engine.claim(queue, 2)
    assert ids(claim.leases) == tasks[:2]
    assert await take(engine, 5, queue) == tasks[2:3]
    assert await take(engine, 5, queue) == []

    freed = await engine.claim(queue, 5, [Settlement(lease=claim.leases[0])])
    assert ids(freed.leases) == tasks[3:4]

    await silence(engine, LEASE.total_seconds() + 1)  # all of their workers died
    assert await take(engine, 5, queue) == tasks[1:4]


async def test_enqueueing_wakes_one_who_waits(engine: Engine) -> None:
    waiting = asyncio.create_task(engine.wait("acme", 60))
    await asyncio.sleep(0.05)
    assert not waiting.done()

    await put(engine)

    async with asyncio.timeout(20):
        await waiting


async def test_work_that_is_left_over_wakes_the_next_one(engine: Engine) -> None:
    await put(engine, 3)
    async with asyncio.timeout(20):
        await engine.wait("acme", 60)
        assert len(await take(engine, 1)) == 1
        await engine.wait("acme", 60)
        assert len(await take(engine, 5)) == 2
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await engine.wait("acme", 60)


async def test_a_worker_with_full_hands_passes_on_that_delayed_tasks_are_coming(
    engine: Engine,
) -> None:
    await put(engine, delay=timedelta(seconds=30))
    await put(engine)
    await engine.wait("acme", 20)
    assert len(await take(engine, 1)) == 1

    async with asyncio.timeout(20):
        await engine.wait("acme", 60)
    claim = await engine.claim(ACME, 1)
    assert claim.next_wake is not None
    assert claim.next_wake <= 30


async def test_a_call_promotes_a_bounded_number_and_asks_for_the_next_at_once(
    engine: Engine,
) -> None:
    await put(engine, 250, delay=timedelta(milliseconds=1))
    await asyncio.sleep(0.05)

    claim = await engine.claim(ACME, 0)
    assert claim.next_wake == 0
    counts = (await engine.counts(["acme"]))["acme"]
    assert (counts.waiting, counts.delayed) == (100, 150)


async def test_a_queue_without_an_index_says_so(engine: Engine) -> None:
    with pytest.raises(EpochMissingError, match="queue 'other' has no index in Redis yet"):
        await engine.claim(Queue("other"), 1)
    with pytest.raises(EpochMissingError):
        await engine.enqueue("other", [Entry(member=Member(uuid7()), priority=Priority.LOW)])


async def test_every_script_refuses_an_index_that_was_wiped(
    engine: Engine, redis: Redis, redis_url: str, namespace: str
) -> None:
    await put(engine)
    (lease,) = (await engine.claim(ACME, 1)).leases
    await wipe(redis, namespace)
    heartbeat = Heartbeat(RedisServers(redis_url), namespace=namespace, lease=LEASE, worker="w")

    with pytest.raises(EpochMissingError):
        await engine.claim(ACME, 1, [Settlement(lease=lease)])
    with pytest.raises(EpochMissingError):
        await engine.enqueue("acme", [Entry(member=Member(uuid7()), priority=Priority.LOW)])
    with pytest.raises(EpochMissingError):
        await asyncio.to_thread(heartbeat.renew, "acme", [lease])
    keys = engine_keys(engine)
    with pytest.raises(ResponseError, match="EPOCH"):
        await redis.eval(scripts.source("renew"), len(keys), *keys, "1-stale", "300", "", "w")
    assert [key async for key in redis.scan_iter(f"{namespace}:*")] == []

    assert await new_index(engine, "acme")
    assert not await new_index(engine, "acme")
    await put(engine)
    heartbeat.close()


async def test_a_newer_layout_in_redis_stops_an_older_process(
    redis_url: str, namespace: str, redis: Redis
) -> None:
    engine = Engine(RedisServers(redis_url), namespace=namespace, lease=LEASE)
    await redis.set(QueueKeys.of(namespace, "acme").epoch, f"{FORMAT + 1}-abc")

    with pytest.raises(EngineFormatError, match="in Redis, this process knows"):
        await engine.claim(ACME, 1)
    await engine.close()


async def test_a_heartbeat_keeps_a_lease_and_refuses_a_lost_one(
    engine: Engine, redis_url: str, namespace: str
) -> None:
    kept, lost = await put(engine, 2)
    heartbeat = Heartbeat(RedisServers(redis_url), namespace=namespace, lease=LEASE, worker="w")
    leases = (await engine.claim(ACME, 2)).leases
    for _ in range(4):
        await let_pass(engine, LEASE.total_seconds() / 3)
        assert await refused(heartbeat, leases[:1]) == []

    assert await take(engine, 5) == [lost]
    assert await refused(heartbeat, leases) == [leases[1]]
    assert (await engine.counts(["acme"]))["acme"].workers == 1
    assert await engine.missing("acme", [Member(kept)]) == []

    await asyncio.to_thread(heartbeat.leave, ["acme"])
    assert (await engine.counts(["acme"]))["acme"].workers == 0
    heartbeat.close()


async def test_a_heartbeat_adopts_its_tasks_into_a_new_index(
    engine: Engine, redis_url: str, namespace: str, redis: Redis
) -> None:
    (task,) = await put(engine)
    (lease,) = (await engine.claim(ACME, 1)).leases
    await wipe(redis, namespace)
    await new_index(engine, "acme")
    # The reconciler of somebody else was quicker, and handed it over.
    await engine.enqueue("acme", [Entry(member=Member(task), priority=Priority.NORMAL)])
    heartbeat = Heartbeat(RedisServers(redis_url), namespace=namespace, lease=LEASE, worker="w")

    assert await refused(heartbeat, [lease]) == []

    assert await take(engine) == []
    await engine.claim(ACME, 0, [Settlement(lease=lease)])
    assert await engine.missing("acme", [Member(task)]) == [Member(task)]
    heartbeat.close()


async def test_a_task_that_was_taken_meanwhile_is_not_adopted(
    engine: Engine, redis_url: str, namespace: str, redis: Redis
) -> None:
    (task,) = await put(engine)
    (old,) = (await engine.claim(ACME, 1)).leases
    await wipe(redis, namespace)
    await new_index(engine, "acme")
    await engine.enqueue("acme", [Entry(member=Member(task), priority=Priority.NORMAL)])
    assert await take(engine) == [task]
    heartbeat = Heartbeat(RedisServers(redis_url), namespace=namespace, lease=LEASE, worker="w")

    assert await refused(heartbeat, [old]) == [old]
    heartbeat.close()


async def test_all_keys_of_a_queue_share_a_hash_tag_and_none_outlives_its_use(
    engine: Engine, redis: Redis, namespace: str
) -> None:
    await put(engine, 2)
    await put(engine, delay=timedelta(seconds=40))
    claim = await engine.claim(
        Queue("acme", rate_limit=RateLimit(limit=9, period=timedelta(seconds=9))), 9
    )

    keys = {key.decode() async for key in redis.scan_iter(f"{namespace}:*")}
    assert keys
    assert all(key.startswith(f"{namespace}:{{acme}}:") for key in keys)
    await let_pass(engine, 40)
    rest = await engine.claim(ACME, 9)
    held = [*claim.leases, *rest.leases]
    await engine.claim(ACME, 0, [Settlement(lease=each) for each in held])
    await redis.delete(engine_keys(engine).starts)
    left = {key.decode().rpartition(":")[2] async for key in redis.scan_iter(f"{namespace}:*")}
    assert left == {"epoch", "seq", "seen", "grace"}  # the last one expires


async def test_redis_away_is_one_clear_error(namespace: str, free_port: int) -> None:
    engine = Engine(
        RedisServers(f"redis://127.0.0.1:{free_port}/0"), namespace=namespace, lease=LEASE
    )
    with pytest.raises(EngineUnavailableError, match="Redis could not answer a PING"):
        await engine.ping()
    await engine.close()


def engine_keys(engine: Engine) -> QueueKeys:
    return QueueKeys.of(engine.namespace, "acme")


async def wipe(redis: Redis, namespace: str) -> None:
    """What FLUSHALL does, for this test's keys alone."""
    keys = [key async for key in redis.scan_iter(f"{namespace}:*")]
    await redis.delete(*keys)
