"""Its task type runs on a queue that no hook returns."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("undeclared_queue")


class Job(Struct):
    size: int = 1


@task("undeclared_queue.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return []


@hookimpl
def penstock_tasks():
    return [run]
