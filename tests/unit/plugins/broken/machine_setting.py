"""The default of its setting needs a variable of the machine."""

import os

from msgspec import Struct, field

from penstock import Queue, hookimpl, task

QUEUE = Queue("machine_setting")


class Job(Struct):
    size: int = 1


@task("machine_setting.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]


def home() -> str:
    return os.environ["NOTHING_LIKE_THIS"]


class Settings(Struct):
    home: str = field(default_factory=home)


@hookimpl
def penstock_settings():
    return [Settings]
