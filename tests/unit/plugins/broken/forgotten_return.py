"""Its hook returns nothing."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("forgotten_return")


class Job(Struct):
    size: int = 1


@task("forgotten_return.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    [run]
