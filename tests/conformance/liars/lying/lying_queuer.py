"""Works one task at a time, whatever it declares."""

import asyncio

from penstock import Queue, hookimpl, task

QUEUER = Queue("queuer", concurrency=3)
LOCK = asyncio.Semaphore(1)


@task("queuer.work", queue=QUEUER, examples=[2.0])
async def work(seconds: float) -> float:
    """Do what takes long."""
    async with LOCK:
        await asyncio.sleep(seconds)
    return seconds


@hookimpl
def penstock_queues():
    return [QUEUER]


@hookimpl
def penstock_tasks():
    return [work]
