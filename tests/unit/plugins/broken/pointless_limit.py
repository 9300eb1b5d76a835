"""A limit of its queue can never be reached."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("pointless_limit", global_concurrency=4, user_concurrency=8)


class Job(Struct):
    size: int = 1


@task("pointless_limit.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]
