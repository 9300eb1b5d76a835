"""Waits, and cleans up when it is told to stop."""

import asyncio

from penstock import Context, Queue, hookimpl, task

DEAF = Queue("deaf")


@task("deaf.wait", queue=DEAF, examples=["patience"])
async def wait(word: str, ctx: Context) -> str:
    """Wait some minutes."""
    await ctx.progress(1, "waiting")
    for _ in range(20):
        try:
            await asyncio.sleep(60)
        finally:
            await ctx.progress(2, "waited")
    return word


@hookimpl
def penstock_queues():
    return [DEAF]


@hookimpl
def penstock_tasks():
    return [wait]
