"""It returns a middleware itself, not how to make one."""

from msgspec import Struct

from taskiq import TaskiqMiddleware

from penstock import Queue, hookimpl, task

QUEUE = Queue("made_middleware")


class Job(Struct):
    size: int = 1


@task("made_middleware.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]


@hookimpl
def penstock_middlewares():
    return [TaskiqMiddleware()]
