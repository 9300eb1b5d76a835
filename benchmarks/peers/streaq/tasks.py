"""The worker object, which is the client too."""

from __future__ import annotations

import os
import time

from streaq import Worker

worker = Worker(
    redis_url=os.environ["BENCH_REDIS_URL"],
    concurrency=int(os.environ["BENCH_CONCURRENCY"]),
    anyio_kwargs={"use_uvloop": True},
)


@worker.task
async def noop(number: int) -> dict[str, int]:
    return {"number": number}


@worker.task
async def pickup() -> dict[str, int]:
    return {"nanoseconds": time.monotonic_ns()}
