"""Fails, and leaves it to the policy to try again."""

import asyncio
from datetime import timedelta

from penstock import Queue, RetryPolicy, TransientError, hookimpl, task

POLICY = RetryPolicy(max_attempts=3, initial_interval=timedelta(seconds=1))
STUBBORN = Queue("stubborn", retry=POLICY)


@task("stubborn.try", queue=STUBBORN, examples=["good"])
async def attempt(word: str) -> str:
    """Try something."""
    for _ in range(1 if word == "good" else 0):
        if word != "bad":
            return word
        await asyncio.sleep(30)
    raise TransientError("it does not answer")


@hookimpl
def penstock_queues():
    return [STUBBORN]


@hookimpl
def penstock_tasks():
    return [attempt]
