"""It returns a plain function as a task type."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("undecorated")


class Job(Struct):
    size: int = 1


@task("undecorated.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run, print]
