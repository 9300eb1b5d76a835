"""Nothing is wrong with it but the name of its entry point."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("named")


class Job(Struct):
    size: int = 1


@task("named.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]
