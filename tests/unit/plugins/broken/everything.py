"""Much is wrong with it."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("everything", max_waiting=4, user_max_waiting=8)


class Job(Struct):
    size: int = 1


@task("everything.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_taks():
    return [run]


@hookimpl
def penstock_providers():
    return None


class Settings(Struct):
    key: str


@hookimpl
def penstock_settings():
    return [Settings]
