"""An engine with an index, on the session's Redis."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from penstock.engine import Engine, Heartbeat, RedisServers
from tests.services.index import new_index

LEASE = timedelta(milliseconds=300)


@pytest.fixture
async def engine(redis_url: str, namespace: str) -> AsyncIterator[Engine]:
    engine = Engine(RedisServers(redis_url), namespace=namespace, lease=LEASE)
    await new_index(engine, "acme")
    yield engine
    await engine.close()


async def silence(engine: Engine, seconds: float) -> None:
    """Let time pass in which a worker is silent while others of the queue are not."""
    other = Heartbeat(
        engine.servers, namespace=engine.namespace, lease=engine.lease, worker="other"
    )
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        await asyncio.to_thread(other.renew, "acme", [])
        await asyncio.sleep(min(left, engine.lease.total_seconds() / 4))
    await asyncio.to_thread(other.leave, ["acme"])
    other.close()
