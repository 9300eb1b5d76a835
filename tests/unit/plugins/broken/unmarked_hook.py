"""It forgets @hookimpl."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("unmarked_hook")


class Job(Struct):
    size: int = 1


@task("unmarked_hook.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


def penstock_tasks():
    return [run]
