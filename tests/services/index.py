"""A queue's index without a reconciler: empty, and open."""

from penstock.engine import Engine


async def new_index(engine: Engine, queue: str) -> bool:
    """Begin and open the index of ``queue``; False if it has one."""
    epoch = await engine.begin_index(queue)
    if epoch is not None:
        await engine.open_index(queue, epoch)
    return epoch is not None
