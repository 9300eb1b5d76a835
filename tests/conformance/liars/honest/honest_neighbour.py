"""Does little, under names of its own."""

from penstock import Queue, hookimpl, task

NEIGHBOUR = Queue("neighbour-images")


@task("neighbour.resize", queue=NEIGHBOUR, examples=["a"])
async def run(word: str) -> str:
    """Return a word."""
    return word


@hookimpl
def penstock_queues():
    return [NEIGHBOUR]


@hookimpl
def penstock_tasks():
    return [run]
