"""Its hook returns one thing, not a list."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("no_list")


class Job(Struct):
    size: int = 1


@task("no_list.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return run
