"""A setting of its has no default."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("required_setting")


class Job(Struct):
    size: int = 1


@task("required_setting.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]


class Settings(Struct):
    key: str
    model: str = "small"


@hookimpl
def penstock_settings():
    return [Settings]
