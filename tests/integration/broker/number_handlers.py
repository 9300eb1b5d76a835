"""``def`` handlers in a module of its own, which their processes can import quickly."""

import os
import time
from datetime import timedelta

from msgspec import Struct

from penstock import PermanentError, Queue, RetryPolicy, Snooze, SyncContext, TransientError, task

QUICK = RetryPolicy(
    max_attempts=2,
    initial_interval=timedelta(milliseconds=20),
    jitter=0,
    non_retryable=(ZeroDivisionError,),
)
QUEUE = Queue("numbers", concurrency=4, retry=QUICK)


class Number(Struct):
    value: int


class OddError(PermanentError):
    """A number that cannot be halved."""

    default_code = "odd"


@task("numbers.double", queue=QUEUE)
def double(number: Number) -> Number:
    """Twice as much."""
    return Number(number.value * 2)


@task("numbers.fail", queue=QUEUE)
def fail(number: Number, ctx: SyncContext) -> Number:
    """In one of several ways, and (from 10 on) only in the first attempt."""
    ctx.log.info("attempt")
    if number.value >= 10 and ctx.attempt > 1:
        return number
    match number.value % 10:
        case 0:
            number.value //= 0
        case 1:
            raise OddError("1 is odd")
        case 2:
            raise TransientError("busy", retry_after=timedelta(seconds=1), code="busy")
        case 3:
            os._exit(3)
        case 4 if ctx.run == 1:
            raise Snooze(timedelta(milliseconds=10))
    return number


@task(
    "numbers.wait", queue=QUEUE, timeout=timedelta(seconds=0.3), retry=RetryPolicy(max_attempts=1)
)
def wait(number: Number) -> Number:
    """Take longer than allowed."""
    time.sleep(60)
    return number
