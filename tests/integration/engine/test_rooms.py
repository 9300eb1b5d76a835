"""Limits of users: what meets one waits apart, in order, and is in nobody's way."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from penstock import Priority, Queue, RateLimit
from penstock.engine import Engine, Entry, Lease, Member, Settlement
from penstock.engine.keys import QueueKeys
from tests.integration.engine.conftest import LEASE, silence
from tests.services.engine_clock import let_pass

NARROW = Queue("acme", user_concurrency=1)
FREE = Queue("acme")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


async def put(engine: Engine, user: str, count: int = 1, provider: str = "") -> list[Member]:
    members = [Member(uuid7(), user, provider) for _ in range(count)]
    entries = [Entry(member=each, priority=Priority.NORMAL) for each in members]
    assert await engine.enqueue("acme", entries) == count
    return members


def members(leases: Sequence[Lease]) -> list[Member]:
    return [each.member for each in leases]


async def waiting(engine: Engine) -> int:
    return (await engine.counts(["acme"]))["acme"].waiting


async def test_no_user_runs_more_than_its_limit_and_blocks_nobody(engine: Engine) -> None:
    alice = await put(engine, "alice", 3)
    bob = await put(engine, "bob", 1)
    nobody = await put(engine, "", 3)

    claim = await engine.claim(NARROW, 10)

    assert set(members(claim.leases)) == {alice[0], *bob, *nobody}
    assert await waiting(engine) == 2
    assert await engine.missing("acme", alice) == []
    assert (await engine.claim(NARROW, 10)).leases == []


async def test_the_next_one_comes_when_a_lease_of_the_user_ends(engine: Engine) -> None:
    alice = await put(engine, "alice", 4)
    taken = []
    settlements: list[Settlement] = []
    for _ in alice:
        leases = (await engine.claim(NARROW, 10, settlements)).leases
        taken += members(leases)
        settlements = [Settlement(lease=each) for each in leases]

    assert taken == alice


async def test_what_ran_before_there_was_a_limit_counts(engine: Engine) -> None:
    alice = await put(engine, "alice", 4)
    running = (await engine.claim(FREE, 2)).leases
    two = Queue("acme", user_concurrency=2)

    assert (await engine.claim(two, 10)).leases == []
    done = [Settlement(lease=running[0])]
    assert members((await engine.claim(two, 10, done)).leases) == [alice[2]]


async def test_what_workers_that_know_of_no_limit_begin_and_end_counts(engine: Engine) -> None:
    alice = await put(engine, "alice", 4)
    two = Queue("acme", user_concurrency=2)
    await engine.claim(two, 1)
    (second,) = (await engine.claim(FREE, 1)).leases

    assert (await engine.claim(two, 10)).leases == []
    assert (await engine.claim(FREE, 0, [Settlement(lease=second)])).leases == []
    assert members((await engine.claim(two, 10)).leases) == [alice[2]]
    assert (await engine.claim(two, 10)).leases == []


async def test_tasks_are_counted_by_user_only_while_a_limit_asks_for_it(
    engine: Engine, redis: Redis
) -> None:
    users = QueueKeys.of(engine.namespace, "acme").users
    alice = await put(engine, "alice", 4)
    running = (await engine.claim(FREE, 1)).leases
    assert not await redis.exists(users)

    await engine.claim(Queue("acme", user_concurrency=2), 1)
    assert 0 < await redis.pttl(users) <= 2 * LEASE.total_seconds() * 1000

    await redis.delete(users)  # as when that time is over
    await engine.claim(FREE, 0, [Settlement(lease=each) for each in running])
    claim = await engine.claim(Queue("acme", user_concurrency=2), 10)
    assert members(claim.leases) == [alice[2]]


async def test_what_an_older_version_counted_is_not_believed(engine: Engine, redis: Redis) -> None:
    await put(engine, "alice", 2)
    users = QueueKeys.of(engine.namespace, "acme").users
    await redis.zadd(users, {b"alice\0" + Member(uuid7(), "alice").encode(): 0})

    assert len((await engine.claim(NARROW, 10)).leases) == 1


async def test_what_runs_is_counted_once(engine: Engine, redis: Redis) -> None:
    await put(engine, "alice", 300)
    await engine.claim(FREE, 300)
    await engine.claim(NARROW, 10)

    before = (await redis.info("stats"))["total_commands_processed"]
    await engine.claim(NARROW, 10)
    assert (await redis.info("stats"))["total_commands_processed"] - before < 100


async def test_a_lease_that_runs_out_lets_its_own_task_go_first(engine: Engine) -> None:
    alice = await put(engine, "alice", 2)
    await engine.claim(NARROW, 10)
    await silence(engine, LEASE.total_seconds() + 1)

    claim = await engine.claim(NARROW, 10)

    assert members(claim.leases) == alice[:1]
    assert claim.leases[0].orphan


async def test_a_users_starts_are_limited_exactly(engine: Engine) -> None:
    limit = RateLimit(limit=2, period=timedelta(seconds=20))
    queue = Queue("acme", user_rate_limit=limit)
    alice, bob = await put(engine, "alice", 5), await put(engine, "bob", 1)

    claim = await engine.claim(queue, 10)

    assert set(members(claim.leases)) == {*alice[:2], *bob}
    assert claim.next_wake == pytest.approx(20, abs=5)
    assert (await engine.claim(queue, 10)).leases == []
    await let_pass(engine, 20)
    assert members((await engine.claim(queue, 10)).leases) == alice[2:4]


async def test_a_limit_that_is_taken_away_lets_everybody_out(engine: Engine) -> None:
    alice = await put(engine, "alice", 5)
    (lease,) = (await engine.claim(NARROW, 10)).leases
    await engine.claim(NARROW, 10)

    taken: list[Member] = []
    for _ in range(40):
        taken += members((await engine.claim(FREE, 10)).leases)
        await let_pass(engine, LEASE.total_seconds() / 12)

    assert [each for each in taken if each != lease.member][:4] == alice[1:5]


async def test_a_task_in_a_room_can_be_cancelled(engine: Engine, redis: Redis) -> None:
    alice = await put(engine, "alice", 3)
    (lease,) = (await engine.claim(NARROW, 10)).leases

    await engine.cancel("acme", alice[1:2])

    assert await engine.missing("acme", alice) == alice[1:2]
    claim = await engine.claim(NARROW, 10, [Settlement(lease=lease)])
    assert members(claim.leases) == alice[2:]
    await engine.claim(NARROW, 10, [Settlement(lease=claim.leases[0])])
    await engine.claim(NARROW, 10)
    keys = QueueKeys.of(engine.namespace, "acme")
    assert await redis.exists(keys.roomed, keys.rooms, keys.lines, keys.entry) == 0


async def test_a_provider_whose_limit_is_closed_gets_nothing_until_it_opens(
    engine: Engine,
) -> None:
    slow = await put(engine, "alice", 3, provider="openai")
    claim = await engine.claim(FREE, 1)
    assert members(claim.leases) == slow[:1]

    shut = Settlement(lease=claim.leases[0], kind="room", delay=timedelta(seconds=15))
    other = await put(engine, "bob", 1)
    claim = await engine.claim(FREE, 10, [shut])

    assert members(claim.leases) == other
    assert claim.next_wake == pytest.approx(15, abs=5)
    assert await waiting(engine) == 3
    await let_pass(engine, 15)
    assert members((await engine.claim(FREE, 10)).leases) == slow


async def test_many_who_meet_their_limit_are_moved_in_bounded_steps(engine: Engine) -> None:
    await put(engine, "alice", 250)
    (modest,) = await put(engine, "bob")
    await put(engine, "alice", 250)
    await engine.claim(NARROW, 1)
    claims = [await engine.claim(NARROW, 10) for _ in range(6)]

    assert [claim.next_wake == 0 for claim in claims] == [True] * 4 + [False] * 2
    assert [each for claim in claims for each in members(claim.leases)] == [modest]
    assert await waiting(engine) == 499


async def test_a_closed_limit_wakes_nobody(engine: Engine, redis: Redis) -> None:
    await put(engine, "alice", 3)
    (lease,) = (await engine.claim(NARROW, 1)).leases
    await engine.claim(NARROW, 5)
    key = QueueKeys.of(engine.namespace, "acme").wake
    assert await redis.llen(key) == 0

    await engine.claim(NARROW, 0, [Settlement(lease=lease)])

    assert await redis.llen(key) == 1


async def test_of_what_is_in_line_nothing_else_is_looked_up(engine: Engine, redis: Redis) -> None:
    line = await put(engine, "alice", 3)
    await redis.config_resetstat()

    assert await engine.missing("acme", line) == []
    assert "cmdstat_hmget" not in await redis.info("commandstats")

    gone = Member(uuid7(), "bob")
    assert await engine.missing("acme", [*line, gone]) == [gone]
    assert (await redis.info("commandstats"))["cmdstat_hmget"]["calls"] == 1
