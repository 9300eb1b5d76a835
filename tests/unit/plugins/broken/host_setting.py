"""One of its settings is Penstock's own."""

from typing import Annotated

from msgspec import Meta, Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("host_setting")


class Job(Struct):
    size: int = 1


@task("host_setting.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]


class Settings(Struct):
    key: Annotated[str | None, Meta(extra={"variable": "PENSTOCK_API_KEY"})] = None


@hookimpl
def penstock_settings():
    return [Settings]
