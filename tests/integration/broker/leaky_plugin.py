"""A plugin that tells its secrets to everybody."""

import logging
from datetime import timedelta

from msgspec import Struct

from penstock import Context, Queue, RetryPolicy, Secret, SyncContext, TransientError, task

QUICK = RetryPolicy(max_attempts=2, initial_interval=timedelta(milliseconds=10), jitter=0)
LEAKY = Queue("leaky", retry=QUICK)


class Account(Struct, frozen=True, kw_only=True):
    """What the operator says."""

    phrase: Secret = ""
    region: str = "north"


class Call(Struct):
    """Whom to call."""

    host: str


@task("leaky.call", queue=LEAKY)
async def call(input: Call, ctx: Context) -> None:  # noqa: A002
    """Fail with the key in everything that it says."""
    key = ctx.settings(Account).phrase
    ctx.log.warning("calling with %s", key, headers={"Authorization": [f"Bearer {key}"]})
    logging.getLogger("leaky").warning("the key is %s", key)
    try:
        connect(f"{input.host}?key={key}")
    except ConnectionError as error:
        raise TransientError(f"{key} was refused") from error


def connect(address: str) -> None:
    """Fail to."""
    raise ConnectionError(address)


@task("leaky.call_in_process", queue=LEAKY)
def call_in_process(input: Call, ctx: SyncContext) -> None:  # noqa: A002
    """Do the same in a process."""
    key = ctx.settings(Account).phrase
    ctx.log.warning("calling with %s", key)
    logging.getLogger("leaky").warning("the key is %s", key)
    raise TransientError(f"{key} was refused by {input.host}")
