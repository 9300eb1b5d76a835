"""Handlers that talk while they run, in a module that processes can import."""

import asyncio
import time
from datetime import timedelta

from msgspec import Struct

from penstock import Context, Queue, RetryPolicy, SyncContext, task

HALF_A_PAIR = "\ud800"
TALK = Queue(
    "talk",
    concurrency=20,
    retry=RetryPolicy(max_attempts=2, initial_interval=timedelta(milliseconds=20), jitter=0),
)


class Speech(Struct):
    words: list[str]
    pause: float = 0.0
    """Seconds between two words."""
    log: list[str] = []
    fails: bool = False


@task("talk.say", queue=TALK)
async def say(speech: Speech, ctx: Context) -> str:
    """Say word by word."""
    await ctx.progress(10, "begun")
    for line in speech.log:
        ctx.log.info(line, words=len(speech.words))
    for word in speech.words:
        await ctx.delta(word if word != "half" else HALF_A_PAIR)
        await asyncio.sleep(speech.pause)
    if speech.fails:
        raise RuntimeError("out of breath")
    return "".join(speech.words)


@task("talk.shout", queue=TALK)
def shout(speech: Speech, ctx: SyncContext) -> str:
    """The same in a process."""
    ctx.progress(10, "begun")
    for line in speech.log:
        ctx.log.info(line, words=len(speech.words))
    for word in speech.words:
        ctx.delta(word if word != "half" else HALF_A_PAIR)
        time.sleep(speech.pause)
    return "".join(speech.words)
