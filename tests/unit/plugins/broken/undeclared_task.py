"""It makes a task type that no hook returns."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("undeclared_task")


class Job(Struct):
    size: int = 1


@task("undeclared_task.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return []
