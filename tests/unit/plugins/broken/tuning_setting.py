"""Its setting is one of a queue."""

from typing import Annotated

from msgspec import Meta, Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("tuning_setting")


class Job(Struct):
    size: int = 1


@task("tuning_setting.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]


class Settings(Struct):
    most: Annotated[int, Meta(extra={"variable": "PENSTOCK_QUEUE_AI_CONCURRENCY"})] = 1


@hookimpl
def penstock_settings():
    return [Settings]
