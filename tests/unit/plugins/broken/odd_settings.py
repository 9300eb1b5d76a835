"""Its settings are no struct."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("odd_settings")


class Job(Struct):
    size: int = 1


@task("odd_settings.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]


class Settings:
    model = "small"


@hookimpl
def penstock_settings():
    return [Settings]
