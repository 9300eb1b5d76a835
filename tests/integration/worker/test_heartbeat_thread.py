"""The heartbeat thread, on a Redis that loses what it was told last."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from penstock import Priority, Queue
from penstock.broker import GrantTable, LeaseTable
from penstock.engine import (
    Engine,
    EngineUnavailableError,
    Entry,
    Heartbeat,
    Lease,
    Member,
    RedisServers,
    Settlement,
)
from penstock.processes.deadlines import Deadlines
from penstock.worker.heartbeat_thread import HeartbeatThread
from penstock.worker.watchdog import Watchdog
from tests.integration.dispatch.conftest import until
from tests.services import RedisServer
from tests.services.index import new_index
from tests.services.standstill import STANDSTILL

ACME = Queue("acme")
LEASE = timedelta(milliseconds=600)


class HardOfHearing(Heartbeat):
    """Misses the first answer of each server but the first."""

    heard = ""

    def servers(self, queues: Sequence[str]) -> Mapping[str, str]:
        servers = super().servers(queues)
        before, self.heard = self.heard, servers["acme"]
        if before not in {"", self.heard}:
            raise EngineUnavailableError("the answer was late")
        return servers


class Consumer:
    """Has a slot, and nothing to do."""

    claims, free_slots, outage = 0, 1, ""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture
async def engine(redis: RedisServer, namespace: str) -> AsyncIterator[Engine]:
    engine = Engine(RedisServers(redis.url), namespace=namespace, lease=LEASE)
    await new_index(engine, "acme")
    yield engine
    await engine.close()


async def test_a_lease_is_adopted_though_the_server_that_lost_it_was_not_recognised_in_time(
    engine: Engine, redis: RedisServer, tmp_path: Path
) -> None:
    redis.snapshot(tmp_path / "snapshot")
    await engine.enqueue("acme", [Entry(member=Member(uuid7()), priority=Priority.NORMAL)])
    (lease,) = (await engine.claim(ACME, 1)).leases
    leases, lost = LeaseTable(), list[Lease]()
    leases.add(lease)
    heartbeat = HardOfHearing(engine.servers, namespace=engine.namespace, lease=LEASE, worker="w")
    thread = heartbeat_thread(heartbeat, leases, lost)
    thread.start()

    async def is_heard() -> bool:
        return heartbeat.heard != ""

    await until(is_heard, within=STANDSTILL)
    redis.rewind(tmp_path / "snapshot")

    async def is_adopted() -> bool:
        with suppress(EngineUnavailableError):
            return not await engine.missing("acme", [lease.member])
        return False

    try:
        await until(is_adopted, within=STANDSTILL)
    finally:
        await thread.stop()
    assert lost == []


async def test_what_is_settled_while_the_first_beat_is_on_its_way_is_not_brought_back(
    engine: Engine,
) -> None:
    await engine.enqueue("acme", [Entry(member=Member(uuid7()), priority=Priority.NORMAL)])
    (lease,) = (await engine.claim(ACME, 1)).leases
    leases, lost = LeaseTable(), list[Lease]()
    # The thread has it in its hands still.
    leases.add(lease)
    await engine.claim(ACME, 0, [Settlement(lease=lease)])
    heartbeat = Heartbeat(engine.servers, namespace=engine.namespace, lease=LEASE, worker="w")
    thread = heartbeat_thread(heartbeat, leases, lost)

    thread.start()

    async def is_refused() -> bool:
        return bool(lost)

    try:
        await until(is_refused, within=STANDSTILL)
    finally:
        await thread.stop()
    assert await engine.missing("acme", [lease.member]) == [lease.member]


def heartbeat_thread(
    heartbeat: Heartbeat, leases: LeaseTable, lost: list[Lease]
) -> HeartbeatThread:
    loop = asyncio.get_running_loop()

    def cancelled(queue: str, leases: Sequence[Lease]) -> None:
        raise AssertionError

    return HeartbeatThread(
        heartbeat,
        leases=leases,
        grants=GrantTable(),
        queues=["acme"],
        lease=LEASE,
        lost=lost.append,
        cancelled=cancelled,
        watchdog=Watchdog(
            {"acme": Consumer()},
            patience=timedelta(minutes=1),
            restart=lambda _: None,
            give_up=lambda _: None,
            call_loop=loop.call_soon_threadsafe,
            loop_thread=0,
        ),
        deadlines=Deadlines(),
    )
