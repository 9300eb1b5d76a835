"""It returns a function as a listener."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("bare_listener")


class Job(Struct):
    size: int = 1


@task("bare_listener.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]


async def tell(outcome):
    pass


@hookimpl
def penstock_task_events():
    return [tell]
