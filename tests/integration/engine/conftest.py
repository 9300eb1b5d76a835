"""An engine with an index, on the session's Redis."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from penstock.engine import Engine, RedisServers

LEASE = timedelta(milliseconds=300)


@pytest.fixture
async def engine(redis_url: str, namespace: str) -> AsyncIterator[Engine]:
    engine = Engine(RedisServers(redis_url), namespace=namespace, lease=LEASE)
    await engine.create_epoch("acme")
    yield engine
    await engine.close()
