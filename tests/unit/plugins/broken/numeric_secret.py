"""Its secret is a number."""

from typing import Annotated

from msgspec import Meta, Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("numeric_secret")


class Job(Struct):
    size: int = 1


@task("numeric_secret.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]


class Settings(Struct):
    pin: Annotated[int | None, Meta(extra={"secret": True})] = None


@hookimpl
def penstock_settings():
    return [Settings]
