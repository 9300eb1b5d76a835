"""An engine with an index, on the session's Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from penstock.engine import Engine, Heartbeat, RedisServers
from penstock.engine.keys import QueueKeys
from tests.services.index import new_index

LEASE = timedelta(milliseconds=300)
LONG_LEASE = timedelta(seconds=2)
"""Of engines whose server changes under them."""
Connect = Callable[[str], Engine]


@pytest.fixture
async def engine(redis_url: str, namespace: str) -> AsyncIterator[Engine]:
    engine = Engine(RedisServers(redis_url), namespace=namespace, lease=LEASE)
    await new_index(engine, "acme")
    yield engine
    await engine.close()


@pytest.fixture
async def connect(namespace: str) -> AsyncIterator[Connect]:
    """Makes engines by their URL, and closes them."""
    async with AsyncExitStack() as stack:

        def engine(url: str) -> Engine:
            engine = Engine(RedisServers(url), namespace=namespace, lease=LONG_LEASE)
            stack.push_async_callback(engine.close)
            return engine

        yield engine


async def silence(engine: Engine, seconds: float) -> None:
    """Let time pass in which a worker is silent while others of the queue are not."""
    other = Heartbeat(
        engine.servers, namespace=engine.namespace, lease=engine.lease, worker="other"
    )
    grace = QueueKeys.of(engine.namespace, "acme").grace
    deadline = time.monotonic() + seconds
    # On a busy machine nobody is heard of in time, and then no lease runs out for another one.
    while time.monotonic() < deadline or await engine._commands.exists(grace):
        await asyncio.to_thread(other.renew, "acme", [])
        await asyncio.sleep(engine.lease.total_seconds() / 6)
    await asyncio.to_thread(other.leave, ["acme"])
    other.close()
