"""Redis Cluster: each queue at the node that holds its slot, whichever that is now."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from redis import Redis
from redis.crc import key_slot

from penstock import background
from penstock.declarations import Priority, Queue
from penstock.engine import (
    Change,
    Engine,
    EngineUnavailableError,
    Entry,
    EpochMissingError,
    Heartbeat,
    Member,
    RedisServers,
    ServerWatch,
    Settlement,
    UnsuitableServerError,
)
from penstock.engine.keys import QueueKeys
from penstock.events import BEGINNING, Event, EventStreams, Page
from tests.integration.engine.conftest import LONG_LEASE as LEASE
from tests.integration.engine.conftest import Connect
from tests.services import Certificates, RedisCluster, RedisServer
from tests.services.index import new_index

# The names of three queues whose slots are spread over the three masters.
QUEUES = ("ai", "acme", "render")


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
async def engine(cluster: RedisCluster, connect: Connect) -> Engine:
    engine = connect(cluster.url)
    for queue in QUEUES:
        await new_index(engine, queue)
    return engine


@pytest.fixture
def heartbeat(engine: Engine) -> Iterator[Heartbeat]:
    heartbeat = Heartbeat(engine.servers, namespace=engine.namespace, lease=LEASE, worker="w")
    yield heartbeat
    heartbeat.close()


def an_entry() -> Entry:
    return Entry(member=Member(uuid4()), priority=Priority.NORMAL)


async def tried(attempt: Callable[[], Awaitable[object]]) -> object:
    """What comes of ``attempt`` once it succeeds; all it may raise meanwhile is that one error."""
    async with asyncio.timeout(15):
        while True:
            with suppress(EngineUnavailableError):
                return await attempt()
            await asyncio.sleep(0.02)


def test_the_queues_are_spread_over_the_masters(cluster: RedisCluster) -> None:
    assert len({cluster.holder_of(queue) for queue in QUEUES}) == 3


async def test_every_queue_is_served_where_it_is(
    engine: Engine, heartbeat: Heartbeat, cluster: RedisCluster
) -> None:
    for queue in QUEUES:
        now, later = an_entry(), Entry(member=Member(uuid4()), priority=Priority.LOW, delay=LEASE)
        assert await engine.enqueue(queue, [now, later]) == 2
        assert await engine.wait(queue, 1)
        [lease] = (await engine.claim(Queue(queue, concurrency=4), 4)).leases
        assert lease.member == now.member
        beat = await asyncio.to_thread(heartbeat.renew, queue, [lease])
        assert (beat.lost, beat.cancelled, beat.waiting) == ([], [], 0)
        assert await engine.missing(
            queue, [now.member, later.member, unknown := Member(uuid4())]
        ) == [unknown]
        assert await engine.cancel(queue, [now.member], running=True) == 1
        beat = await asyncio.to_thread(heartbeat.renew, queue, [lease])
        assert beat.cancelled == [lease]
        await engine.claim(Queue(queue, concurrency=4), 0, [Settlement(lease=lease)])
        assert await engine.missing(queue, [now.member]) == [now.member]

        with Redis(port=cluster.holder_of(queue).port) as client:
            assert client.exists(QueueKeys.of(engine.namespace, queue).delayed)

    counts = await engine.counts(QUEUES)
    assert {each.delayed for each in counts.values()} == {1}
    assert {each.active for each in counts.values()} == {0}


async def test_epochs_of_queues_at_several_nodes_are_seen_in_one_look(engine: Engine) -> None:
    assert await engine.without_index([*QUEUES, "unheard-of"]) == ["unheard-of"]


async def test_notices_of_all_queues_come_over_one_connection(engine: Engine) -> None:
    heard: dict[str, UUID | None] = {}

    async def listen() -> None:
        async for queue, task_id in engine.notices(QUEUES):
            heard[queue] = task_id
            if len(heard) == len(QUEUES):
                return

    entries = {queue: an_entry() for queue in QUEUES}
    for queue, entry in entries.items():
        await engine.enqueue(queue, [entry])
        await engine.claim(Queue(queue, concurrency=4), 1)
    listening = asyncio.create_task(listen())
    async with asyncio.timeout(10):
        while not listening.done():
            # What is said before somebody listens is not heard.
            for queue, entry in entries.items():
                await engine.cancel(queue, [entry.member], running=True)
            await asyncio.sleep(0.02)
    await listening

    assert heard == {queue: entry.member.id for queue, entry in entries.items()}


async def test_a_killed_master_stops_its_queues_until_its_replica_serves_and_no_other(
    engine: Engine, heartbeat: Heartbeat, cluster: RedisCluster
) -> None:
    victim = cluster.holder_of("ai")
    watch = ServerWatch(engine.servers)
    assert await watch.changed(QUEUES) == set()
    before = await asyncio.to_thread(heartbeat.servers, QUEUES)
    sleeper = asyncio.create_task(engine.wait("acme", 8))
    await asyncio.to_thread(victim.kill)

    # At once, and as often as one likes.
    with pytest.raises(EngineUnavailableError, match=str(victim.port)):
        await engine.enqueue("ai", [an_entry()])
    with pytest.raises(EngineUnavailableError, match=rf"127\.0\.0\.1:{victim.port}"):
        await engine.ping()
    assert set(await asyncio.to_thread(heartbeat.servers, QUEUES)) == {"acme", "render"}
    assert await engine.without_index([*QUEUES, "unheard-of"]) in ([], ["unheard-of"])
    await engine.enqueue("acme", [an_entry()])
    assert await sleeper
    assert len((await engine.claim(Queue("acme", concurrency=4), 1)).leases) == 1
    await asyncio.to_thread(heartbeat.renew, "render", [])

    await asyncio.to_thread(cluster.wait_for_another_master_than, victim)
    await tried(lambda: engine.enqueue("ai", [an_entry()]))
    await tried(lambda: engine.claim(Queue("ai", concurrency=4), 1))
    await tried(lambda: asyncio.to_thread(heartbeat.renew, "ai", []))
    await engine.ping()

    # Whoever took over may have lost something of the queues that it holds, of no others.
    assert await watch.changed(QUEUES) == {"ai"}
    assert await watch.changed(QUEUES) == set()
    after = await asyncio.to_thread(heartbeat.servers, QUEUES)
    assert {queue for queue in QUEUES if before[queue] != after[queue]} == {"ai"}
    await watch.close()


async def test_an_ordered_failover_under_load_is_followed_by_every_client(
    engine: Engine, heartbeat: Heartbeat, cluster: RedisCluster
) -> None:
    one_at_a_time = threading.Lock()

    def renew() -> None:
        with one_at_a_time:
            heartbeat.renew("ai", [])

    attempts: dict[str, Callable[[], Awaitable[object]]] = {
        "enqueue": lambda: engine.enqueue("ai", [an_entry()]),
        "claim": lambda: engine.claim(Queue("ai", concurrency=4), 1),
        "counts": lambda: engine.counts(QUEUES),
        "missing": lambda: engine.missing("ai", [Member(uuid4())]),
        "index": lambda: engine.without_index(QUEUES),
        "wait": lambda: engine.wait("ai", 0.2),
        "renew": lambda: asyncio.to_thread(renew),
    }
    done = dict.fromkeys(attempts, 0)
    errors: list[EngineUnavailableError] = []

    async def repeat(what: str) -> None:
        while True:
            try:
                await attempts[what]()
            except EngineUnavailableError as error:
                errors.append(error)
            else:
                done[what] += 1
            await asyncio.sleep(0.01)

    async def all_went_on() -> None:
        before = dict(done)
        async with asyncio.timeout(15):
            while any(done[what] < before[what] + 2 for what in attempts):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    tasks = [asyncio.create_task(repeat(what)) for what in attempts]
    await all_went_on()
    old = cluster.holder_of("ai")
    await asyncio.to_thread(cluster.fail_over, old)
    await all_went_on()
    assert not any(task.done() for task in tasks)
    await background.end(*tasks)

    assert cluster.holder_of("ai") is not old


async def test_a_node_that_does_not_know_a_script_yet_is_told_it(
    engine: Engine, heartbeat: Heartbeat, cluster: RedisCluster
) -> None:
    await engine.enqueue("ai", [an_entry()])
    with Redis(port=cluster.holder_of("ai").port) as client:
        client.script_flush()

    assert await engine.enqueue("ai", [an_entry()]) == 1
    with Redis(port=cluster.holder_of("ai").port) as client:
        client.script_flush()
    assert (await asyncio.to_thread(heartbeat.renew, "ai", [])).waiting == 2


async def test_a_queue_of_a_wiped_node_has_no_index_and_those_of_others_have(
    engine: Engine, cluster: RedisCluster
) -> None:
    cluster.holder_of("ai").flush()

    assert await engine.without_index(QUEUES) == ["ai"]
    with pytest.raises(EpochMissingError):
        await engine.claim(Queue("ai", concurrency=4), 1)
    assert await new_index(engine, "ai")
    await engine.claim(Queue("ai", concurrency=4), 1)


class Migration:
    """Moves the slot of a queue from one node to another."""

    def __init__(self, queue: str, source: RedisServer, target: RedisServer) -> None:
        self._slot = key_slot(f"{{{queue}}}".encode())
        self._target = target
        self._here = Redis(port=source.port, protocol=2)
        self._there = Redis(port=target.port, protocol=2)
        self._name = self._there.execute_command("CLUSTER MYID")
        source_name = self._here.execute_command("CLUSTER MYID")
        self._there.execute_command("CLUSTER SETSLOT", self._slot, "IMPORTING", source_name)
        self._here.execute_command("CLUSTER SETSLOT", self._slot, "MIGRATING", self._name)

    def finish(self) -> None:
        keys = self._here.execute_command("CLUSTER GETKEYSINSLOT", self._slot, 1000)
        to = ("127.0.0.1", self._target.port, "", 0, 5000)
        self._here.execute_command("MIGRATE", *to, "KEYS", *keys)
        for node in (self._there, self._here):
            node.execute_command("CLUSTER SETSLOT", self._slot, "NODE", self._name)
            node.close()


async def test_a_queue_waits_while_its_slot_moves_and_is_found_where_it_went(
    engine: Engine, heartbeat: Heartbeat, cluster: RedisCluster
) -> None:
    source, target = cluster.holder_of("ai"), cluster.holder_of("acme")
    await engine.enqueue("ai", [entry := an_entry()])
    await asyncio.to_thread(heartbeat.renew, "ai", [])
    migration = Migration("ai", source, target)

    # Half of it is here and half is there: nobody can work on it.
    with pytest.raises(EngineUnavailableError, match="TryAgain"):
        await engine.claim(Queue("ai", concurrency=4), 1)
    await engine.claim(Queue("acme", concurrency=4), 1)
    migration.finish()

    [lease] = (await engine.claim(Queue("ai", concurrency=4), 1)).leases
    assert lease.id == entry.id
    assert (await asyncio.to_thread(heartbeat.renew, "ai", [lease])).lost == []
    assert (await engine.counts(QUEUES))["ai"].active == 1

    # Back again, for the other tests.
    Migration("ai", target, source).finish()


async def test_every_master_is_checked_and_the_one_that_evicts_is_named(
    cluster: RedisCluster,
) -> None:
    watch = ServerWatch(RedisServers(cluster.url))
    assert len(await watch.check()) == 3
    wrong = cluster.masters[-1]
    with Redis(port=wrong.port) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(UnsuitableServerError, match=rf"127\.0\.0\.1:{wrong.port}\) to have"):
            await watch.check()
        client.config_set("maxmemory-policy", "noeviction")
    await watch.close()


async def test_by_tls_every_node_is_reached(connect: Connect, tmp_path: Path) -> None:
    with RedisCluster(tmp_path, certificates=Certificates(tmp_path / "certificates")) as cluster:
        engine = connect(cluster.url)
        heartbeat = Heartbeat(engine.servers, namespace=engine.namespace, lease=LEASE, worker="w")
        for queue in QUEUES:
            await new_index(engine, queue)
            await engine.enqueue(queue, [an_entry()])
            assert (await asyncio.to_thread(heartbeat.renew, queue, [])).waiting == 1
        await engine.ping()
        heartbeat.close()


async def test_a_seed_that_is_gone_is_passed_over(
    cluster: RedisCluster, connect: Connect, free_port: int
) -> None:
    engine = connect(cluster.url.replace("://", f"://127.0.0.1:{free_port},"))

    await engine.ping()
    assert await new_index(engine, "ai")


async def test_seeds_that_are_all_gone_are_one_clear_error(
    connect: Connect, namespace: str, free_port: int
) -> None:
    engine = connect(f"redis-cluster://127.0.0.1:{free_port},localhost:{free_port}")
    heartbeat = Heartbeat(engine.servers, namespace=namespace, lease=LEASE, worker="w")

    with pytest.raises(EngineUnavailableError) as of_engine:
        await engine.ping()
    with pytest.raises(EngineUnavailableError) as of_heartbeat:
        await asyncio.to_thread(heartbeat.renew, "ai", [])

    for message in (str(of_engine.value), str(of_heartbeat.value)):
        assert "no node of the cluster answers" in message
        assert f"127.0.0.1:{free_port}: " in message
        assert f"localhost:{free_port}: " in message
    heartbeat.close()


async def test_a_single_server_in_the_place_of_a_node_is_told_from_one(
    redis_server: RedisServer, connect: Connect
) -> None:
    engine = connect(f"redis-cluster://127.0.0.1:{redis_server.port}")

    with pytest.raises(EngineUnavailableError, match="write redis:// instead of redis-cluster://"):
        await engine.ping()


async def test_a_node_in_the_place_of_a_single_server_is_told_from_one(
    cluster: RedisCluster, connect: Connect
) -> None:
    other = next(each for each in cluster.masters if each is not cluster.holder_of("ai"))
    engine = connect(other.url)

    with pytest.raises(EngineUnavailableError, match="write redis-cluster:// instead of redis://"):
        await new_index(engine, "ai")


async def test_events_are_spread_over_the_masters_and_announced_to_all(
    engine: Engine, namespace: str
) -> None:
    streams = EventStreams(engine.servers, namespace=namespace, keep=LEASE)
    heard: list[Change] = []

    async def listen() -> None:
        async for change in engine.changes(QUEUES):
            heard.append(change)  # noqa: PERF401  (looked at while they come)

    listening = asyncio.create_task(listen())
    async with asyncio.timeout(10):
        while len(heard) < len(QUEUES):  # noqa: ASYNC110  (one says that it listens, of each)
            await asyncio.sleep(0.01)
    ids = [uuid4() for _ in range(30)]

    event = Event(None, "delta", b'{"text":"x"}', 0)
    lost = await streams.write([(each, [event]) for each in ids])
    pages = await streams.read(dict.fromkeys(ids, BEGINNING))
    for queue in QUEUES:
        await engine.announce(queue, ids, "events")
    async with asyncio.timeout(10):
        while len(heard) < 2 * len(QUEUES):  # noqa: ASYNC110  (as above)
            await asyncio.sleep(0.01)

    assert lost == [0] * 30
    assert len({key_slot(f"{namespace}:events:{each}".encode()) // 5461 for each in ids}) >= 3
    assert all(isinstance(each, Page) and len(each.events) == 1 for each in pages.values())
    assert {each.kind for each in heard} == {None, "events"}
    assert heard[-1].ids == [each.bytes for each in ids]
    await background.end(listening)
    await streams.close()
