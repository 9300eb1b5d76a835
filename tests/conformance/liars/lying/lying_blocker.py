"""Takes its time, and that of everybody else."""

import asyncio
import time

from penstock import Queue, hookimpl, task

BLOCKER = Queue("blocker", concurrency=4)


@task("blocker.work", queue=BLOCKER, examples=[0.35])
async def work(seconds: float) -> float:
    """Do what takes long."""
    time.sleep(seconds)  # noqa: ASYNC251  (its lie)
    await asyncio.sleep(0)
    return seconds


@hookimpl
def penstock_queues():
    return [BLOCKER]


@hookimpl
def penstock_tasks():
    return [work]
