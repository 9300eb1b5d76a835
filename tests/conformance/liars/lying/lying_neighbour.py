"""Does little, under names that others want."""

from penstock import Queue, hookimpl, task

NEIGHBOUR = Queue("images")


@task("images.resize", queue=NEIGHBOUR, examples=["a"])
async def run(word: str) -> str:
    return str(word)


@hookimpl
def penstock_queues():
    return [NEIGHBOUR]


@hookimpl
def penstock_tasks():
    return [run]
