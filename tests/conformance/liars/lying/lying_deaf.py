"""Waits, and does not listen meanwhile."""

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
        except asyncio.CancelledError:
            await ctx.progress(2, "still waiting")
    return word


@hookimpl
def penstock_queues():
    return [DEAF]


@hookimpl
def penstock_tasks():
    return [wait]
