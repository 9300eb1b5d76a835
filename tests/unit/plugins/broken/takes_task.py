"""It wants the task type of another plugin."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("takes_task")


class Job(Struct):
    size: int = 1


@task("acme.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]
