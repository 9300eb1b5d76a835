"""Its retry policy has attempts that no error leads to."""

from msgspec import Struct

from penstock import Queue, RetryPolicy, hookimpl, task

QUEUE = Queue("retries_nothing")


class Job(Struct):
    size: int = 1


@task(
    "retries_nothing.run",
    queue=QUEUE,
    retry=RetryPolicy(max_attempts=5, non_retryable=(Exception,)),
)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [run]
