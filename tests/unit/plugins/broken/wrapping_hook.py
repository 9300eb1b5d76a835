"""Its hook wants to change what others answer."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("wrapping_hook")


class Job(Struct):
    size: int = 1


@task("wrapping_hook.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl(wrapper=True)
def penstock_tasks():
    return (yield)
