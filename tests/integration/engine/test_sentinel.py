"""Redis behind Sentinels: every client finds the master, also the next one."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self
from uuid import uuid4

import pytest
from redis import Redis

from penstock import background
from penstock.declarations import Priority, Queue
from penstock.engine import Engine, EngineUnavailableError, Entry, Heartbeat, Member, RedisServers
from tests.integration.engine.conftest import LONG_LEASE as LEASE
from tests.integration.engine.conftest import Connect
from tests.services import Certificates, RedisServer, SentinelCluster
from tests.services.index import new_index

ACME = Queue("acme", concurrency=4)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SentinelCluster]:
    with SentinelCluster(tmp_path_factory.mktemp("sentinel")) as cluster:
        yield cluster


@pytest.fixture
def cluster(shared: SentinelCluster) -> SentinelCluster:
    shared.revive()
    shared.settle()
    return shared


@pytest.fixture
def engine(cluster: SentinelCluster, connect: Connect) -> Engine:
    return connect(cluster.url)


def kill(cluster: SentinelCluster) -> RedisServer:
    return cluster.kill_master()


def let_another_one_take_over(cluster: SentinelCluster) -> RedisServer:
    return cluster.fail_over()


def others_on(server: RedisServer) -> list[str]:
    """Who is connected to a server beside the Sentinels and this very question."""
    with Redis.from_url(server.url, client_name="question") as client:
        names = [each["name"] for each in client.client_list(_type="normal")]
    return [name for name in names if name != "question" and not name.startswith("sentinel-")]


class Tries:
    """Does one thing over and over, whatever it raises, in the background."""

    def __init__(self, attempt: Callable[[], Awaitable[object]]) -> None:
        self.errors: list[Exception] = []
        self.done = 0
        self._attempt = attempt
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            try:
                await self._attempt()
            except Exception as error:  # noqa: BLE001  (which ones there are is the question)
                self.errors.append(error)
            else:
                self.done += 1
            await asyncio.sleep(0.01)

    async def succeed_again(self) -> None:
        before = self.done
        async with asyncio.timeout(10):
            # Two, for one may have been on its way before.
            while self.done < before + 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def __aenter__(self) -> Self:
        await self.succeed_again()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await background.end(self._task)


@pytest.mark.parametrize("how", [kill, let_another_one_take_over])
async def test_after_a_failover_every_client_reaches_the_new_master(
    engine: Engine,
    cluster: SentinelCluster,
    how: Callable[[SentinelCluster], RedisServer],
) -> None:
    await new_index(engine, "acme")
    heartbeat = Heartbeat(engine.servers, namespace=engine.namespace, lease=LEASE, worker="w")
    one_at_a_time = threading.Lock()

    def renew() -> None:
        with one_at_a_time:
            heartbeat.renew("acme", [])

    attempts = {
        "index": lambda: engine.begin_index("acme"),
        "enqueue": lambda: engine.enqueue(
            "acme", [Entry(member=Member(uuid4()), priority=Priority.LOW)]
        ),
        "claim": lambda: engine.claim(ACME, 1),
        "counts": lambda: engine.counts(["acme"]),
        "wait": lambda: engine.wait("acme", 0.2),
        "renew": lambda: asyncio.to_thread(renew),
    }
    async with AsyncExitStack() as stack:
        tries = {
            what: await stack.enter_async_context(Tries(attempt))
            for what, attempt in attempts.items()
        }
        old = await asyncio.to_thread(how, cluster)
        await asyncio.to_thread(cluster.wait_for_another_master_than, old)
        cluster.revive()
        # Until it learns that it is a replica, the old master serves on.
        await asyncio.to_thread(cluster.settle)
        for each in tries.values():
            await each.succeed_again()
        assert not others_on(old)
    await asyncio.to_thread(heartbeat.close)

    errors = [error for each in tries.values() for error in each.errors]
    assert {type(error) for error in errors} <= {EngineUnavailableError}


async def test_whoever_finds_a_new_master_spares_the_others_the_time_out_of_the_old_one(
    cluster: SentinelCluster,
) -> None:
    async with RedisServers(cluster.url).command_pool() as pool:
        for each in [await pool.get_connection() for _ in range(4)]:
            await pool.release(each)
        used = await pool.get_connection()
        old = cluster.master
        old.pause()
        try:
            await asyncio.to_thread(cluster.wait_for_another_master_than, old)

            # All are still connected to a server that hangs, but for the one that is taken next.
            await pool._available_connections[-1].disconnect()
            reached = [await pool.get_connection() for _ in range(3)]

            assert {each.port for each in reached} == {cluster.master.port}
            assert used.port == old.port
            await pool.release(used)
            assert not used.is_connected
        finally:
            old.resume()


async def test_by_tls_the_sentinels_and_the_masters_are_reached(
    connect: Connect, tmp_path: Path
) -> None:
    certificates = Certificates(tmp_path / "certificates")
    with SentinelCluster(tmp_path, certificates=certificates) as cluster:
        engine = connect(cluster.url)
        heartbeat = Heartbeat(engine.servers, namespace=engine.namespace, lease=LEASE, worker="w")
        await new_index(engine, "acme")
        await asyncio.to_thread(heartbeat.renew, "acme", [])

        await asyncio.to_thread(cluster.fail_over)
        await asyncio.to_thread(cluster.settle)

        await engine.enqueue("acme", [Entry(member=Member(uuid4()), priority=Priority.LOW)])
        await asyncio.to_thread(heartbeat.renew, "acme", [])
        heartbeat.close()


async def test_a_sentinel_that_is_gone_is_passed_over(
    cluster: SentinelCluster, connect: Connect, free_port: int
) -> None:
    url = cluster.url.replace("://", f"://127.0.0.1:{free_port},")
    engine = connect(url)

    assert await new_index(engine, "acme")


async def test_sentinels_that_are_all_gone_are_one_clear_error(
    connect: Connect, namespace: str, free_port: int
) -> None:
    url = f"redis-sentinel://127.0.0.1:{free_port},localhost:{free_port}/0?master=queues"
    engine = connect(url)
    heartbeat = Heartbeat(engine.servers, namespace=namespace, lease=LEASE, worker="w")

    with pytest.raises(EngineUnavailableError) as of_engine:
        await engine.ping()
    with pytest.raises(EngineUnavailableError) as of_heartbeat:
        await asyncio.to_thread(heartbeat.renew, "acme", [])

    for message in (str(of_engine.value), str(of_heartbeat.value)):
        assert "no Sentinel has a master 'queues'" in message
        assert f"127.0.0.1:{free_port}: " in message
        assert f"localhost:{free_port}: " in message
    heartbeat.close()


async def test_a_name_that_the_sentinels_do_not_know_is_refused_with_those_they_know(
    cluster: SentinelCluster, connect: Connect
) -> None:
    url = cluster.url.replace("master=queues", "master=mymaster")
    engine = connect(url)

    with pytest.raises(EngineUnavailableError, match=r"'mymaster' \(.*it knows 'queues'"):
        await engine.ping()


async def test_a_redis_in_the_place_of_a_sentinel_is_told_from_one(
    redis_server: RedisServer, connect: Connect
) -> None:
    url = f"redis-sentinel://127.0.0.1:{redis_server.port}/0?master=queues"
    engine = connect(url)

    with pytest.raises(EngineUnavailableError, match="a Redis where it should name Sentinels"):
        await engine.ping()


async def test_sentinels_may_want_a_user_of_their_own(
    cluster: SentinelCluster, connect: Connect
) -> None:
    for port in cluster.sentinel_ports:
        with Redis(port=port) as sentinel:
            rights = ("resetpass", ">secret", "-@all", "+sentinel|masters")
            sentinel.execute_command("ACL", "SETUSER", "looker", "on", *rights)
    allowed, refused = (
        connect(f"{cluster.url}&sentinel_username=looker&sentinel_password={password}")
        for password in ("secret", "guessed")
    )

    await allowed.ping()
    with pytest.raises(EngineUnavailableError, match=r"correct .* sentinel_password") as caught:
        await refused.ping()

    assert "guessed" not in str(caught.value)


async def test_many_who_look_for_the_master_at_once_ask_once(
    engine: Engine, cluster: SentinelCluster
) -> None:
    with Redis(port=cluster.sentinel_ports[0]) as sentinel:
        before = sentinel.info("stats")["total_connections_received"]
        await asyncio.gather(*(engine.ping() for _ in range(30)))
        asked = sentinel.info("stats")["total_connections_received"] - before

    assert 1 <= asked <= 5


async def test_nothing_stays_connected_to_the_sentinels(
    engine: Engine, cluster: SentinelCluster
) -> None:
    with Redis(port=cluster.sentinel_ports[0]) as sentinel:
        before = len(sentinel.client_list(_type="normal"))

        await engine.ping()

        assert len(sentinel.client_list(_type="normal")) == before
