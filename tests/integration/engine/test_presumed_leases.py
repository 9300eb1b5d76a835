"""Leases of whom nobody knows who holds them, and workers that come back after a silence."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from penstock import Priority, Queue
from penstock.engine import Beat, Engine, Entry, Heartbeat, Lease, Member, Settlement
from penstock.engine.keys import QueueKeys
from tests.integration.engine.conftest import LEASE, silence
from tests.services.engine_clock import let_pass
from tests.services.index import new_index

ACME = Queue("acme", concurrency=100, global_concurrency=2)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


class Worker:
    """A worker's heartbeat, called when a test says so."""

    def __init__(self, engine: Engine) -> None:
        self._heartbeat = Heartbeat(
            engine.servers, namespace=engine.namespace, lease=engine.lease, worker="w"
        )

    async def beat(self, leases: Sequence[Lease], *, may_be_lost: bool = False) -> Beat:
        return await asyncio.to_thread(
            self._heartbeat.renew, "acme", leases, may_be_lost=may_be_lost
        )

    def close(self) -> None:
        self._heartbeat.close()


@pytest.fixture
def worker(engine: Engine):
    worker = Worker(engine)
    yield worker
    worker.close()


async def taken(engine: Engine) -> Lease:
    """A new task that a worker has claimed."""
    await engine.enqueue("acme", [Entry(member=Member(uuid7()), priority=Priority.NORMAL)])
    (lease,) = (await engine.claim(ACME, 1)).leases
    return lease


async def wipe(engine: Engine, redis: Redis) -> None:
    await redis.delete(*QueueKeys.of(engine.namespace, "acme"))
    await new_index(engine, "acme")


def running(lease: Lease) -> Entry:
    return Entry(member=Member(lease.id), priority=Priority.NORMAL, kind="running")


async def test_what_runs_counts_before_its_worker_is_heard_of(engine: Engine, redis: Redis) -> None:
    lease = await taken(engine)
    await wipe(engine, redis)
    assert await engine.enqueue("acme", [running(lease)]) == 1
    await engine.enqueue(
        "acme", [Entry(member=Member(uuid7()), priority=Priority.LOW) for _ in range(5)]
    )

    assert len((await engine.claim(ACME, 5)).leases) == 1  # of a global concurrency of 2


async def test_a_worker_adopts_what_it_runs_and_nobody_else_gets_it(
    engine: Engine, redis: Redis, worker: Worker
) -> None:
    lease = await taken(engine)
    await wipe(engine, redis)
    await engine.enqueue("acme", [running(lease)])
    for _ in range(5):
        assert (await worker.beat([lease])).lost == []
        await let_pass(engine, LEASE.total_seconds() / 3)

    claim = await engine.claim(ACME, 5)

    assert (claim.leases, claim.expired) == ([], 0)
    await engine.claim(ACME, 0, [Settlement(lease=lease)])
    assert await engine.missing("acme", [lease.member]) == [lease.member]


async def test_of_two_that_hold_a_lease_of_one_task_the_later_has_it(
    engine: Engine, redis: Redis, worker: Worker
) -> None:
    thought_dead = await taken(engine)
    await engine.claim(ACME, 0, [Settlement(lease=thought_dead, kind="back")])
    (later,) = (await engine.claim(ACME, 1)).leases
    await wipe(engine, redis)
    await engine.enqueue("acme", [running(later)])

    assert (await worker.beat([thought_dead])).lost == []
    assert (await worker.beat([later])).lost == []
    assert (await worker.beat([thought_dead])).lost == [thought_dead]


async def test_a_run_that_was_overtaken_takes_the_task_from_nobody(
    engine: Engine, redis: Redis
) -> None:
    thought_dead = await taken(engine)
    await engine.claim(ACME, 0, [Settlement(lease=thought_dead, kind="back")])
    (later,) = (await engine.claim(ACME, 1)).leases
    await wipe(engine, redis)
    await engine.enqueue("acme", [running(later)])

    claim = await engine.claim(ACME, 1, [Settlement(lease=thought_dead, kind="stale")])
    assert claim.leases == []
    claim = await engine.claim(ACME, 1, [Settlement(lease=later, kind="stale")])
    assert claim.leases == []


async def test_a_worker_that_is_not_heard_of_within_a_lease_has_lost_its_task(
    engine: Engine, redis: Redis
) -> None:
    lease = await taken(engine)
    await wipe(engine, redis)
    await engine.enqueue("acme", [running(lease)])
    await silence(engine, LEASE.total_seconds() + 1)

    (again,) = (await engine.claim(ACME, 1)).leases

    assert (again.id, again.orphan) == (lease.id, True)


async def test_an_outcome_may_be_settled_before_its_worker_was_heard_of(
    engine: Engine, redis: Redis
) -> None:
    lease = await taken(engine)
    await wipe(engine, redis)
    await engine.enqueue("acme", [running(lease)])

    await engine.claim(ACME, 0, [Settlement(lease=lease)])

    assert await engine.missing("acme", [lease.member]) == [lease.member]


async def test_a_claim_may_be_given_up_for_whoever_runs_the_task_already(
    engine: Engine, worker: Worker
) -> None:
    lost = await taken(engine)
    await engine.claim(ACME, 0, [Settlement(lease=lost, kind="back")])  # as if Redis forgot it
    (second,) = (await engine.claim(ACME, 1)).leases
    assert (second.id, second.orphan) == (lost.id, False)

    await engine.claim(ACME, 0, [Settlement(lease=second, kind="presume")])

    assert (await worker.beat([lost])).lost == []
    assert (await engine.claim(ACME, 1)).leases == []


async def test_a_worker_that_slept_longer_than_its_lease_goes_on_if_nobody_took_over(
    engine: Engine, worker: Worker
) -> None:
    lease = await taken(engine)
    await silence(engine, LEASE.total_seconds() + 1)
    assert (await engine.claim(ACME, 0)).expired == 1

    assert (await worker.beat([lease])).lost == []

    assert (await engine.claim(ACME, 5)).leases == []
    await silence(engine, LEASE.total_seconds() + 1)
    (again,) = (await engine.claim(ACME, 1)).leases
    assert (await worker.beat([lease])).lost == [lease]
    assert again.orphan


async def test_a_lease_that_redis_lost_is_adopted_only_if_it_may_have_lost_some(
    engine: Engine, redis: Redis, worker: Worker
) -> None:
    lease = await taken(engine)
    keys = QueueKeys.of(engine.namespace, "acme")
    await redis.delete(keys.leases, keys.entry)

    # As it is when a lease was settled while a heartbeat was on its way.
    assert (await worker.beat([lease])).lost == [lease]
    assert await engine.missing("acme", [lease.member]) == [lease.member]

    assert (await worker.beat([lease], may_be_lost=True)).lost == []
    assert await engine.missing("acme", [lease.member]) == []


async def test_a_lease_of_an_earlier_index_is_adopted_once(
    engine: Engine, redis: Redis, worker: Worker
) -> None:
    lease = await taken(engine)
    await wipe(engine, redis)
    assert (await worker.beat([lease])).lost == []  # the index knows nothing of it yet
    await engine.claim(ACME, 0, [Settlement(lease=lease)])

    assert (await worker.beat([lease])).lost == [lease]


async def test_leases_do_not_run_out_while_nobody_can_renew_them(
    engine: Engine, worker: Worker
) -> None:
    lease = await taken(engine)
    await let_pass(engine, LEASE.total_seconds() * 1.2)  # Redis was away for all, as it were

    claim = await engine.claim(ACME, 1)

    assert (claim.leases, claim.expired) == ([], 0)
    assert claim.next_wake is not None
    assert 0 < claim.next_wake <= LEASE.total_seconds()
    assert (await worker.beat([lease])).lost == []


async def test_an_outage_of_more_than_half_a_lease_costs_none_that_was_about_to_be_renewed(
    engine: Engine, worker: Worker
) -> None:
    await taken(engine)
    for part in (0.3, 0.55, 0.2):
        await let_pass(engine, LEASE.total_seconds() * part)
        await worker.beat([])  # another one, heard of before the outage and after it

    assert (await engine.claim(ACME, 1)).expired == 0


async def test_a_worker_that_died_meanwhile_is_noticed_a_lease_later(engine: Engine) -> None:
    lease = await taken(engine)
    await let_pass(engine, LEASE.total_seconds() * 1.2)
    assert (await engine.claim(ACME, 1)).leases == []
    await silence(engine, LEASE.total_seconds() * 1.1)

    (again,) = (await engine.claim(ACME, 1)).leases

    assert (again.id, again.orphan) == (lease.id, True)


async def test_a_lease_that_somebody_meddled_with_breaks_nothing(
    engine: Engine, redis: Redis
) -> None:
    lease = await taken(engine)
    delayed = Entry(member=Member(uuid7()), priority=Priority.NORMAL, delay=LEASE)
    await engine.enqueue("acme", [delayed])
    await redis.delete(QueueKeys.of(engine.namespace, "acme").entry)
    await silence(engine, LEASE.total_seconds() + 1)

    claim = await engine.claim(ACME, 5)

    assert (claim.leases, claim.expired) == ([], 0)
    assert await engine.missing("acme", [lease.member, delayed.member]) == [
        lease.member,
        delayed.member,
    ]
