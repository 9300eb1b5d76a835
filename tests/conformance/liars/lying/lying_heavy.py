"""Draws, and brings its painter to everybody who looks at its name."""

from PIL import Image

from penstock import Queue, hookimpl, task

HEAVY = Queue("heavy")


@task("heavy.draw", queue=HEAVY, examples=[8])
async def draw(side: int) -> list[int]:
    """The size of a picture."""
    return list(Image.new("RGB", (side, side)).size)


@hookimpl
def penstock_queues():
    return [HEAVY]


@hookimpl
def penstock_tasks():
    return [draw]
