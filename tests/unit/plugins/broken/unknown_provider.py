"""It needs a provider that nobody brings."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("unknown_provider")


class Job(Struct):
    size: int = 1


@task("unknown_provider.run", queue=QUEUE, provider="acme-map")
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]
