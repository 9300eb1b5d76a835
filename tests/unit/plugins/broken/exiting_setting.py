"""Its settings end the process."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("exiting_setting")


class Job(Struct):
    size: int = 1


@task("exiting_setting.run", queue=QUEUE)
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
        raise SystemExit("no region")


@hookimpl
def penstock_settings():
    return [Settings]
