"""Has been released before, with another input; those who send the old one are refused."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

CHANGED = Queue("changed")


class Size(Struct):
    width: int
    height: int


@task("changed.area", queue=CHANGED, examples=[Size(2, 3)])
async def area(size: Size) -> int:
    """Width by height."""
    return size.width * size.height


@hookimpl
def penstock_queues():
    return [CHANGED]


@hookimpl
def penstock_tasks():
    return [area]
