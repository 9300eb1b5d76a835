"""The first wait of its retries is longer than the longest."""

from datetime import timedelta

from msgspec import Struct

from penstock import Queue, RetryPolicy, hookimpl, task

QUEUE = Queue("impatient_retry", retry=RetryPolicy(initial_interval=timedelta(hours=2)))


class Job(Struct):
    size: int = 1


@task("impatient_retry.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]
