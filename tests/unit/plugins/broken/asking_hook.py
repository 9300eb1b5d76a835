"""Its hook wants an argument."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("asking_hook")


class Job(Struct):
    size: int = 1


@task("asking_hook.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues(config):
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]
