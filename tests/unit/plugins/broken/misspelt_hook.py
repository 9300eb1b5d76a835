"""It misspells a hook."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("misspelt_hook")


class Job(Struct):
    size: int = 1


@task("misspelt_hook.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_task():
    return [run]
