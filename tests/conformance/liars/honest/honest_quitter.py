"""Waits, and lets being cancelled pass."""

import asyncio

from penstock import Queue, hookimpl, task

QUITTER = Queue("quitter")


@task("quitter.wait", queue=QUITTER, examples=["patience"])
async def wait(word: str) -> str:
    """Wait a while, for what may not come."""
    await asyncio.sleep(600)
    return word


@hookimpl
def penstock_queues():
    return [QUITTER]


@hookimpl
def penstock_tasks():
    return [wait]
