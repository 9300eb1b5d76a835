"""A node of a Redis Cluster is lost: its queues wait, others go on, and nothing stays lost."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from redis import Redis
from uuid_utils.compat import uuid7

from penstock import Priority
from penstock.dispatch import BatchCompletion, Policies, Reconciler
from penstock.dispatch.handover import Handover
from penstock.engine import Engine, EngineUnavailableError, Entry, Member, RedisServers
from penstock.ledger import Ledger, NewTask, Overrides, Ownership
from penstock.plugins import Catalogue
from penstock.settings import PROVIDERS, QUEUES, TASKS
from tests.integration.dispatch.conftest import until
from tests.services import RedisCluster
from tests.services.index import new_index

# At two nodes.
HERE, THERE = "ai", "acme"
LEASE = timedelta(seconds=1)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    with RedisCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster(shared: RedisCluster) -> RedisCluster:
    shared.revive()
    shared.settle()
    return shared


@pytest.fixture
async def engine(cluster: RedisCluster, namespace: str) -> AsyncIterator[Engine]:
    engine = Engine(RedisServers(cluster.url), namespace=namespace, lease=LEASE)
    yield engine
    await engine.close()


@pytest.fixture
async def ledger(sqlite_url: str) -> AsyncIterator[Ledger]:
    ledger = Ledger(sqlite_url)
    yield ledger
    await ledger.close()


@pytest.fixture
async def reconciler(engine: Engine, ledger: Ledger) -> AsyncIterator[Reconciler]:
    reconciler = Reconciler(
        ledger=ledger,
        engine=engine,
        batches=BatchCompletion(ledger, hand_over=lambda _: None),
        policies=Policies(
            Catalogue(plugins=[]),
            kinds=(QUEUES, PROVIDERS, TASKS),
            settings={},
            overrides=Overrides(ledger.database),
        ),
        queues=[HERE, THERE],
        lease=LEASE,
        ownership=Ownership(ledger.database, namespace=engine.namespace),
        process=secrets.token_hex(4),
    )
    yield reconciler
    await reconciler.stop()


def alike(_: str) -> Mapping[str, float]:
    return {}


async def accept(ledger: Ledger, queue: str, *, age: timedelta = timedelta(0)) -> UUID:
    now = datetime.now(UTC) - age
    task = NewTask(
        id=uuid7(),
        type="acme.resize",
        queue=queue,
        priority=5,
        user_id=None,
        input="{}",
        labels=None,
        max_attempts=3,
        created_at=now,
        run_at=None,
    )
    await ledger.accept_all([task])
    return task.id


async def has(engine: Engine, queue: str, task: UUID) -> bool:
    with suppress(EngineUnavailableError):
        return not await engine.missing(queue, [Member(task)])
    return False


async def test_a_queue_whose_node_is_away_keeps_no_other_from_being_handed_its_tasks(
    engine: Engine, cluster: RedisCluster
) -> None:
    for queue in (HERE, THERE):
        await new_index(engine, queue)
    victim = cluster.holder_of(HERE)
    # It hangs, which is worse than being gone: each try takes as long as a command may.
    victim.pause()
    handover = Handover(engine, weights=alike)
    waiting = Entry(member=Member(uuid7()), priority=Priority.NORMAL)
    handover.add(HERE, waiting)
    await asyncio.sleep(0.1)

    took = []
    for _ in range(3):
        began = time.monotonic()
        other = Entry(member=Member(uuid7()), priority=Priority.NORMAL)
        handover.add(THERE, other)
        await until(lambda other=other: has(engine, THERE, other.member.id))  # type: ignore[misc]
        took.append(time.monotonic() - began)
    # A machine that stands still for a moment does not do so each time.
    assert min(took) < 1

    await asyncio.to_thread(cluster.wait_for_another_master_than, victim)
    victim.resume()
    await until(lambda: has(engine, HERE, waiting.member.id), within=30)
    await handover.close()


async def test_what_the_replica_had_not_got_is_handed_over_as_soon_as_it_serves(
    engine: Engine, ledger: Ledger, reconciler: Reconciler, cluster: RedisCluster
) -> None:
    kept, other = await accept(ledger, HERE), await accept(ledger, THERE)
    await reconciler.rebuild()
    await reconciler.audit()
    master = cluster.holder_of(HERE)
    replica = cluster.replica_of(master)
    await until(lambda: _is_in_step(master.port))

    # Cut off, and unable to connect again, it misses what is written now.
    replica.pause()
    with Redis(port=master.port) as client:
        client.client_kill_filter(_type="replica")
    lost = await accept(ledger, HERE)
    await engine.enqueue(HERE, [Entry(member=Member(lost), priority=Priority.NORMAL)])
    master.kill()
    replica.resume()

    # While nobody serves it, the other queue is looked after.
    unheard_of = await accept(ledger, THERE, age=timedelta(hours=1))
    await reconciler.audit()
    assert await has(engine, THERE, unheard_of)
    await asyncio.to_thread(cluster.wait_for_another_master_than, master)
    await until(lambda: has(engine, HERE, kept))
    assert await engine.without_index([HERE, THERE]) == []
    assert await engine.missing(HERE, [Member(lost)]) == [Member(lost)]

    await reconciler.audit()

    # At once: its row is younger than those that are looked at otherwise.
    assert await engine.missing(HERE, [Member(lost), Member(kept)]) == []
    assert await engine.missing(THERE, [Member(other)]) == []


async def _is_in_step(port: int) -> bool:
    with Redis(port=port) as client:
        replication: Any = client.info("replication")
    return bool(replication["slave0"]["lag"] == 0)
