"""The heartbeat thread, on a line to Redis that is cut for less than a lease."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from uuid_utils.compat import uuid7

from penstock import Priority, Queue
from penstock.broker import GrantTable, LeaseTable
from penstock.engine import Engine, Entry, Heartbeat, Member, RedisServers
from penstock.processes.deadlines import Deadlines
from penstock.worker.heartbeat_thread import HeartbeatThread
from penstock.worker.watchdog import Watchdog
from tests.services import Proxy
from tests.services.index import new_index

ACME = Queue("acme")
LEASE = timedelta(milliseconds=1500)


class Consumer:
    """Has a slot, and nothing to do."""

    claims, free_slots, outage = 0, 1, ""


class Beating(Heartbeat):
    """Says when it has renewed."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._has_beaten = threading.Event()

    def renew(self, *args, **kwargs):
        found = super().renew(*args, **kwargs)
        self._has_beaten.set()
        return found

    async def beat(self) -> None:
        """Return after the next beat."""
        self._has_beaten.clear()
        await asyncio.to_thread(self._has_beaten.wait)


@pytest.fixture
def line(redis_url: str) -> Iterator[Proxy]:
    port = urlsplit(redis_url).port
    assert port is not None
    with Proxy(port) as proxy:
        yield proxy


@pytest.fixture
async def engine(redis_url: str, namespace: str) -> AsyncIterator[Engine]:
    """Another worker's, whose line is good."""
    engine = Engine(RedisServers(redis_url), namespace=namespace, lease=LEASE)
    await new_index(engine, "acme")
    yield engine
    await engine.close()


async def test_an_outage_of_half_a_lease_costs_none(
    engine: Engine, redis_url: str, line: Proxy
) -> None:
    servers = RedisServers(redis_url.replace(str(line.upstream), str(line.port)))
    heartbeat = Beating(servers, namespace=engine.namespace, lease=LEASE, worker="w")
    leases = LeaseTable()
    thread = heartbeat_thread(heartbeat, leases)
    thread.start()
    await heartbeat.beat()
    await asyncio.sleep(LEASE.total_seconds() * 0.2)
    await engine.enqueue("acme", [Entry(member=Member(uuid7()), priority=Priority.NORMAL)])
    (lease,) = (await engine.claim(ACME, 1)).leases
    # As if a beat was under way when it was claimed: its first one comes a third of a lease later.
    await heartbeat.beat()
    leases.add(lease)

    await asyncio.sleep(LEASE.total_seconds() * 0.2)
    line.refuse()
    expired = await expired_within(engine, 0.5)
    line.heal()
    expired += await expired_within(engine, 1)

    assert expired == 0
    await thread.stop()


async def expired_within(engine: Engine, leases: float) -> int:
    """How many leases run out in this time, during which other workers are heard of."""
    expired = 0
    deadline = time.monotonic() + LEASE.total_seconds() * leases
    while time.monotonic() < deadline:
        expired += (await engine.claim(ACME, 1)).expired
        await asyncio.sleep(LEASE.total_seconds() * 0.02)
    return expired


def heartbeat_thread(heartbeat: Heartbeat, leases: LeaseTable) -> HeartbeatThread:
    watchdog = Watchdog(
        {"acme": Consumer()},
        patience=timedelta(hours=1),
        restart=lambda _: None,
        give_up=lambda _: None,
        call_loop=lambda _: None,
        loop_thread=threading.get_ident(),
    )
    return HeartbeatThread(
        heartbeat,
        leases=leases,
        grants=GrantTable(),
        queues=["acme"],
        lease=LEASE,
        lost=lambda _: None,
        cancelled=lambda *_: None,
        watchdog=watchdog,
        deadlines=Deadlines(),
    )
