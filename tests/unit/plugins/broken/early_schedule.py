"""Its schedule is of a task type that nobody brings."""

from msgspec import Struct

from penstock import Queue, Schedule, hookimpl, task

QUEUE = Queue("early_schedule")


class Job(Struct):
    size: int = 1


@task("early_schedule.run", queue=QUEUE)
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
    return [Schedule("early.nightly", task="acme.rum", input={}, cron="0 3 * * *")]
