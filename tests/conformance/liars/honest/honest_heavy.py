"""Draws, and calls its painter when there is something to paint."""

from penstock import Queue, hookimpl, task

HEAVY = Queue("heavy")


@task("heavy.draw", queue=HEAVY, examples=[8])
async def draw(side: int) -> list[int]:
    """The size of a picture."""
    from PIL import Image

    return list(Image.new("RGB", (side, side)).size)


@hookimpl
def penstock_queues():
    return [HEAVY]


@hookimpl
def penstock_tasks():
    return [draw]
