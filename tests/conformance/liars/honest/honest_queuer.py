"""Works three tasks at a time, as it declares."""

import asyncio

from penstock import Queue, hookimpl, task

QUEUER = Queue("queuer", concurrency=3)


@task("queuer.work", queue=QUEUER, examples=[2.0])
async def work(seconds: float) -> float:
    """Do what takes long."""
    await asyncio.sleep(seconds)
    return seconds


@hookimpl
def penstock_queues():
    return [QUEUER]


@hookimpl
def penstock_tasks():
    return [work]
