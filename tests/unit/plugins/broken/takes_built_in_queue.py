"""It wants the queue of a built-in plugin."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("ai")


class Job(Struct):
    size: int = 1


@task("takes_built_in_queue.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]
