"""The input of its schedule does not fit."""

from msgspec import Struct

from penstock import Queue, Schedule, hookimpl, task

QUEUE = Queue("unfit_schedule")


class Job(Struct):
    size: int = 1


@task("unfit_schedule.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]


@hookimpl
def penstock_schedules():
    return [Schedule("unfit.nightly", task="acme.run", input={"size": "big"}, cron="0 3 * * *")]
