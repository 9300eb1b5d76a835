"""Takes its time, and lets others work meanwhile."""

import asyncio
import time

from penstock import Queue, hookimpl, task

BLOCKER = Queue("blocker", concurrency=4)


@task("blocker.work", queue=BLOCKER, examples=[0.35])
async def work(seconds: float) -> float:
    """Do what takes long."""
    await asyncio.to_thread(time.sleep, seconds)
    return seconds


@hookimpl
def penstock_queues():
    return [BLOCKER]


@hookimpl
def penstock_tasks():
    return [work]
