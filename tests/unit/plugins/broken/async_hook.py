"""Its hook is a coroutine function."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("async_hook")


class Job(Struct):
    size: int = 1


@task("async_hook.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
async def penstock_tasks():
    return [run]
