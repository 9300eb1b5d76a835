"""Its hook is a generator."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("generator_hook")


class Job(Struct):
    size: int = 1


@task("generator_hook.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    yield run
