"""It returns a task type twice."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("repeated_task")


class Job(Struct):
    size: int = 1


@task("repeated_task.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run, run]
