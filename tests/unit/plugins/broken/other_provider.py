"""It makes another provider of a name."""

from msgspec import Struct

from penstock import Provider, Queue, hookimpl, task

QUEUE = Queue("other_provider")


class Job(Struct):
    size: int = 1


@task("other_provider.run", queue=QUEUE, provider=Provider("acme-maps", concurrency=7))
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]
