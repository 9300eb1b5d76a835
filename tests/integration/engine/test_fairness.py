"""Users take turns within a band, by their weights, however many tasks each has."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import pytest
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from penstock import Priority, Queue
from penstock.engine import Engine, Entry, Lease, Member, Settlement
from penstock.engine.keys import QueueKeys

ACME = Queue("acme")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


async def put(
    engine: Engine,
    user: str,
    count: int = 1,
    *,
    queue: Queue = ACME,
    priority: Priority = Priority.NORMAL,
    delay: timedelta = timedelta(0),
) -> list[Member]:
    members = [Member(uuid7(), user) for _ in range(count)]
    entries = [Entry(member=each, priority=priority, delay=delay) for each in members]
    assert await engine.enqueue("acme", entries, weights=queue.user_weights) == count
    return members


async def take(engine: Engine, want: int, queue: Queue = ACME) -> list[Lease]:
    leases = list((await engine.claim(queue, want)).leases)
    await engine.claim(queue, 0, [Settlement(lease=each) for each in leases])
    return leases


async def take_all(engine: Engine, queue: Queue = ACME, *, want: int = 100) -> list[Member]:
    taken: list[Member] = []
    while leases := await take(engine, want, queue):
        taken += [each.member for each in leases]
    return taken


async def test_one_who_posts_thousands_delays_the_others_by_a_turn(engine: Engine) -> None:
    await put(engine, "greedy", 10_000)
    small = [f"user-{number}" for number in range(9)]
    for user in small:
        await put(engine, user, 10)

    order = [each.member.user for _ in range(30) for each in await take(engine, 7)]

    for user in small:
        starts = [place for place, each in enumerate(order, 1) if each == user]
        assert len(starts) == 10
        assert all(start <= 10 * k + 20 for k, start in enumerate(starts, 1))


async def test_who_comes_later_has_a_turn_at_once(engine: Engine) -> None:
    await put(engine, "greedy", 1000)
    await take(engine, 500)

    (late,) = await put(engine, "late")

    assert late in [each.member for each in await take(engine, 2)]


async def test_tasks_of_one_user_come_out_in_the_order_of_their_arrival(engine: Engine) -> None:
    alice = await put(engine, "alice", 5)
    bob = await put(engine, "bob", 3)
    nobody = await put(engine, "", 4)

    taken = await take_all(engine, want=2)

    assert [[each for each in taken if each.user == user] for user in ("alice", "bob", "")] == [
        alice,
        bob,
        nobody,
    ]
    assert {each.user for each in taken[:3]} == {"alice", "bob", ""}


async def test_weighted_users_get_their_share_within_a_task(engine: Engine) -> None:
    queue = Queue("acme", user_weights={"heavy": 3, "light": 0.5})
    for user in ("light", "plain", "heavy"):
        await put(engine, user, 300, queue=queue)

    taken = [each.member.user for _ in range(45) for each in await take(engine, 10, queue)]

    shares = {"heavy": 3 / 4.5, "plain": 1 / 4.5, "light": 0.5 / 4.5}
    for length in range(1, len(taken) + 1):
        counts = Counter(taken[:length])
        for user, share in shares.items():
            assert abs(counts[user] - share * length) <= 1 + share


async def test_a_higher_band_goes_first_whoever_has_had_more(engine: Engine) -> None:
    await put(engine, "greedy", 50, priority=Priority.HIGH)
    (normal,) = await put(engine, "modest")

    taken = await take_all(engine)

    assert taken[-1] == normal


async def test_a_delayed_task_takes_its_turn_when_it_is_due(engine: Engine) -> None:
    greedy = await put(engine, "greedy", 20, delay=timedelta(milliseconds=1))
    modest = await put(engine, "modest", 1, delay=timedelta(milliseconds=1))

    await asyncio.sleep(0.01)
    taken = await take_all(engine)

    assert set(taken[:2]) == {greedy[0], *modest}


@pytest.mark.parametrize("last_first", [False, True])
async def test_what_was_cancelled_costs_its_user_nothing(
    engine: Engine, *, last_first: bool
) -> None:
    await put(engine, "other", 20)
    given_up = await put(engine, "alice", 1000)
    await engine.cancel("acme", given_up[::-1] if last_first else given_up)

    (wanted,) = await put(engine, "alice")

    assert wanted in (await take_all(engine))[:4]


async def test_cancelling_and_posting_again_wins_no_turn(engine: Engine) -> None:
    await put(engine, "honest", 30)
    last = await put(engine, "sly", 2)
    users = []
    for _ in range(20):
        users += [each.member.user for each in await take(engine, 1)]
        await engine.cancel("acme", last)
        last = await put(engine, "sly", 2)

    assert users.count("sly") <= users.count("honest") + 2


async def test_users_with_nothing_waiting_are_forgotten(engine: Engine, redis: Redis) -> None:
    keys = QueueKeys.of(engine.namespace, "acme")
    for number in range(500):
        await put(engine, f"user-{number}")
    await take(engine, 500)

    while (await engine.claim(ACME, 1)).next_wake == 0:
        pass

    assert await redis.exists(keys.tags, keys.virtual, keys.lines, keys.users, keys.rooms) == 0


async def test_users_are_forgotten_while_others_wait(engine: Engine, redis: Redis) -> None:
    keys = QueueKeys.of(engine.namespace, "acme")
    await put(engine, "greedy", 2000)
    for number in range(300):
        await put(engine, f"user-{number}")

    for _ in range(10):
        await take(engine, 100)
        await put(engine, "another")

    assert await redis.zcard(keys.tags) < 10


async def test_an_index_that_is_filled_by_id_is_fair(engine: Engine) -> None:
    members = sorted(Member(uuid7(), user) for user in ["greedy"] * 50 + ["modest"] * 5)
    entries = [Entry(member=each, priority=Priority.NORMAL) for each in members]
    await engine.enqueue("acme", entries)

    taken = [each.user for each in await take_all(engine)]

    assert taken[:10].count("modest") == 5
    assert all(a != b for a, b in pairwise(taken[:10]))
