"""Its queue runs nothing."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("no_concurrency", concurrency=0)


class Job(Struct):
    size: int = 1


@task("no_concurrency.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]
