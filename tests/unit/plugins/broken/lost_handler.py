"""The process of its task would not find the handler."""

from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("lost_handler")


class Job(Struct):
    size: int = 1


@task("lost_handler.run", queue=QUEUE)
def run(job: Job) -> Job:
    return job


@hookimpl
def penstock_queues():
    return [QUEUE]


task_type, run = run, None


@hookimpl
def penstock_tasks():
    return [task_type]
