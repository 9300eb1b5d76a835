"""The broker and its tasks."""

from __future__ import annotations

import os
import time

from taskiq.serializers import ORJSONSerializer
from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

_URL = os.environ["BENCH_REDIS_URL"]
_CONNECTIONS = 100

results = RedisAsyncResultBackend(
    _URL, max_connection_pool_size=_CONNECTIONS, serializer=ORJSONSerializer()
)
broker = (
    RedisStreamBroker(_URL, max_connection_pool_size=_CONNECTIONS)
    .with_result_backend(results)
    .with_serializer(ORJSONSerializer())
)


@broker.task
async def noop(number: int) -> dict[str, int]:
    return {"number": number}


@broker.task
async def pickup() -> dict[str, int]:
    return {"nanoseconds": time.monotonic_ns()}
