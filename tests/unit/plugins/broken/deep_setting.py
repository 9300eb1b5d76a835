"""A setting of its fits no variable."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("deep_setting")


class Job(Struct):
    size: int = 1


@task("deep_setting.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]


class Settings(Struct):
    names: list[str] = []


@hookimpl
def penstock_settings():
    return [Settings]
