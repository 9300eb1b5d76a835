"""Its settings do not bear their own defaults."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("checked_setting")


class Job(Struct):
    size: int = 1


@task("checked_setting.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]


class Settings(Struct):
    region: str = "eu"

    def __post_init__(self):
        {}[self.region]


@hookimpl
def penstock_settings():
    return [Settings]
