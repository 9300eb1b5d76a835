"""Answers the same question in another way each time."""

import itertools

from penstock import Queue, hookimpl, task

NUMBERS = itertools.count(1)
MOODY = Queue("moody", concurrency=2)


@task("moody.answer", queue=MOODY, examples=["a"])
async def answer(word: str) -> str:
    """Return a word."""
    return word


@hookimpl
def penstock_schedules():
    from penstock import Schedule

    return [Schedule(f"moody.daily-{next(NUMBERS)}", task=answer, input="a", cron="0 0 * * *")]


@hookimpl
def penstock_queues():
    return [MOODY]


@hookimpl
def penstock_tasks():
    return [answer]
