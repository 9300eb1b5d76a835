"""Its hook fails."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("raising_hook")


class Job(Struct):
    size: int = 1


@task("raising_hook.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    raise KeyError("no key")


@hookimpl
def penstock_tasks():
    return [run]
