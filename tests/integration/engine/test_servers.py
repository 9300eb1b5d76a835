"""Connections to one server: what they survive, and that they leave one that was demoted."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from penstock import background
from penstock.embedded import EmbeddedRedis
from penstock.engine import (
    Engine,
    EngineUnavailableError,
    EpochMissingError,
    Heartbeat,
    RedisServers,
)
from tests.services import RedisServer, TlsProxy
from tests.services.index import new_index

LEASE = timedelta(seconds=2)


@pytest.fixture
def first(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "first") as server:
        yield server


@pytest.fixture
def second(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "second") as server:
        yield server


@pytest.fixture
def address(first: RedisServer) -> Iterator[TlsProxy]:
    """An address that a provider moves from one server to the next; without TLS here."""
    with TlsProxy(first.port, ssl.create_default_context(), plain_too=True) as proxy:
        yield proxy


@pytest.fixture
async def engine(address: TlsProxy, namespace: str) -> AsyncIterator[Engine]:
    servers = RedisServers(f"redis://127.0.0.1:{address.port}/0")
    engine = Engine(servers, namespace=namespace, lease=LEASE)
    yield engine
    await engine.close()


def demote(server: RedisServer, master: RedisServer) -> None:
    with Redis.from_url(server.url) as client:
        client.replicaof("127.0.0.1", master.port)


async def test_a_demoted_master_is_left_for_the_one_that_has_its_address_now(
    engine: Engine, address: TlsProxy, first: RedisServer, second: RedisServer
) -> None:
    heartbeat = Heartbeat(engine.servers, namespace=engine.namespace, lease=LEASE, worker="w")
    await new_index(engine, "acme")
    await asyncio.to_thread(heartbeat.renew, "acme", [])
    waiting = asyncio.create_task(engine.wait("acme", 60))
    await asyncio.sleep(0.05)  # until it waits; if it does not yet, it is refused all the same

    address.target_port = second.port
    demote(first, second)

    # The connections live, and reading goes on: only a write shows what has happened.
    with pytest.raises(EngineUnavailableError):
        await waiting
    with pytest.raises(EngineUnavailableError, match="ReadOnly"):
        await new_index(engine, "acme")
    with pytest.raises(EngineUnavailableError):
        await asyncio.to_thread(heartbeat.renew, "acme", [])

    assert await new_index(engine, "acme")
    await engine.wait("acme", 0.05)
    await asyncio.to_thread(heartbeat.renew, "acme", [])
    heartbeat.close()
    first.kill()  # or its master would wait for it when it stops


async def test_a_worker_of_many_queues_waits_in_all_of_them_at_once(
    redis_url: str, namespace: str
) -> None:
    engine = Engine(RedisServers(redis_url), namespace=namespace, lease=LEASE)
    waits: list[asyncio.Task[Any]] = []

    with Redis.from_url(redis_url) as client:
        # More than a pool of redis-py has by default, some at a time.
        for _ in range(12):
            waits += [
                asyncio.create_task(engine.wait(f"q{len(waits) + each}", 60)) for each in range(10)
            ]
            async with asyncio.timeout(30):
                while client.info("clients")["blocked_clients"] < len(waits):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)

    assert not any(each.done() for each in waits)
    await background.end(*waits)
    await engine.close()


async def test_a_process_that_stands_still_while_it_closes_a_connection_closes_it_all_the_same(
    redis_url: str, namespace: str
) -> None:
    engine = Engine(RedisServers(redis_url), namespace=namespace, lease=LEASE)
    await engine.ping()
    pool: Any = engine._commands.connection_pool
    (connection,) = pool._available_connections
    connection.socket_connect_timeout = 0  # of closing, too: it is over before the loop turns

    await engine.close()

    assert not connection.is_connected


async def test_a_unix_socket_is_reached_by_all(tmp_path: Path, namespace: str) -> None:
    with EmbeddedRedis(tmp_path) as server:
        servers = RedisServers(server.url)
        engine = Engine(servers, namespace=namespace, lease=LEASE)
        heartbeat = Heartbeat(servers, namespace=namespace, lease=LEASE, worker="w")

        assert server.url.startswith("unix://")
        await engine.wait("acme", 0.01)
        with pytest.raises(EpochMissingError):
            await asyncio.to_thread(heartbeat.renew, "acme", [])

        heartbeat.close()
        await engine.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has other names")
async def test_the_kernel_watches_over_every_connection(redis_url: str) -> None:
    servers = RedisServers(redis_url)
    clients = [servers.command_client(), servers.blocking_client(30)]
    heartbeat = servers.heartbeat_client(5)
    sockets = []
    for client in clients:
        connection = await client.connection_pool.get_connection()
        sockets.append(connection._writer.get_extra_info("socket"))
        await client.connection_pool.release(connection)
    connection = heartbeat.connection_pool.get_connection()
    sockets.append(connection._sock)
    heartbeat.connection_pool.release(connection)

    for each in sockets:
        assert each.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        silence, interval, probes = (
            each.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
        assert silence + interval * probes < 20
        assert each.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 20_000

    for client in clients:
        await client.aclose()
    heartbeat.close()
