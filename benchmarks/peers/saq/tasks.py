"""The queue, and the settings that `saq` runs a worker by."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import uvloop
from saq import Queue

# SAQ's command asks the policy for its event loop.
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

queue = Queue.from_url(os.environ["BENCH_REDIS_URL"])


async def noop(_: dict[str, Any], *, number: int) -> dict[str, int]:
    return {"number": number}


async def pickup(_: dict[str, Any]) -> dict[str, int]:
    return {"nanoseconds": time.monotonic_ns()}


settings = {
    "queue": queue,
    "functions": [noop, pickup],
    "concurrency": int(os.environ["BENCH_CONCURRENCY"]),
}
