"""An engine with an index, on the session's Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from penstock.engine import Engine, Heartbeat, RedisServers
from penstock.engine.keys import QueueKeys
from tests.services.engine_clock import let_pass, use_engine_clock
from tests.services.index import new_index

LEASE = timedelta(minutes=1)
LONG_LEASE = timedelta(seconds=2)
"""Of engines whose server changes under them."""
Connect = Callable[[str], Engine]


@pytest.fixture
def engine_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes when a test says so."""
    use_engine_clock(monkeypatch)


@pytest.fixture
async def engine(engine_clock: None, redis_url: str, namespace: str) -> AsyncIterator[Engine]:
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
    step = engine.lease.total_seconds() / 6
    grace = QueueKeys.of(engine.namespace, "acme").grace
    # If nobody was heard of before, no lease runs out for another one.
    while seconds > 0 or await engine._commands.exists(grace):
        await asyncio.to_thread(other.renew, "acme", [])
        await let_pass(engine, step)
        seconds -= step
    await asyncio.to_thread(other.leave, ["acme"])
    other.close()


async def until_heard(engine: Engine, queue: str) -> None:
    """Wait until somebody listens to the notices of ``queue``."""
    channel = QueueKeys.of(engine.namespace, queue).notices
    async with asyncio.timeout(20):
        while (await engine._commands.pubsub_numsub(channel))[0][1] == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
