"""Waits, and takes being cancelled for the end of the waiting."""

import asyncio
import contextlib

from penstock import Queue, hookimpl, task

QUITTER = Queue("quitter")


@task("quitter.wait", queue=QUITTER, examples=["patience"])
async def wait(word: str) -> str:
    """Wait a while, for what may not come."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(600)
    return word


@hookimpl
def penstock_queues():
    return [QUITTER]


@hookimpl
def penstock_tasks():
    return [wait]
