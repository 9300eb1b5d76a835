"""Its hook ends the process."""

import sys

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("exiting_hook")


class Job(Struct):
    size: int = 1


@task("exiting_hook.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    sys.exit("bye")


@hookimpl
def penstock_tasks():
    return [run]
