"""The queue, and the settings that `saq` runs a worker by."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import uvloop
from redis.asyncio import Redis
from saq.queue.redis import RedisQueue

# SAQ's command asks the policy for its event loop.
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

_concurrency = int(os.environ["BENCH_CONCURRENCY"])

# Each task that runs takes a connection, and so does the upkeep: redis-py's own limit of 100 would
# fail tasks, which SAQ then never ends.
queue = RedisQueue(
    Redis.from_url(os.environ["BENCH_REDIS_URL"], max_connections=2 * _concurrency + 20)
)


async def noop(_: dict[str, Any], *, number: int) -> dict[str, int]:
    return {"number": number}


async def pickup(_: dict[str, Any]) -> dict[str, int]:
    return {"nanoseconds": time.monotonic_ns()}


settings = {
    "queue": queue,
    "functions": [noop, pickup],
    "concurrency": _concurrency,
}
