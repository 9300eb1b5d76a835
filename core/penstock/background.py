"""Background tasks: their rests, and ending them for good."""

import asyncio
from contextlib import suppress

_REPEAT = 0.2


async def came(event: asyncio.Event, *, within: float) -> bool:
    """Whether an event came within so many seconds; returns as soon as it does."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
    return event.is_set()


async def end(*tasks: asyncio.Task[None] | None, patience: float = 0) -> None:
    """Return once all ``tasks`` have ended, cancelling those that do not end by themselves.

    One cancellation is not enough: a library may swallow it (redis-py does so while it connects),
    and the task would go on for ever.

    Args:
        tasks: ``None`` stands for one that was never started.
        patience: seconds to wait before the first cancellation. A connection to SQLite that is cut
            off while it opens is never closed, so whoever uses the ledger gets some.
    """
    running = {task for task in tasks if task is not None and not task.done()}
    if running and patience:
        _, running = await asyncio.wait(running, timeout=patience)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_REPEAT)
