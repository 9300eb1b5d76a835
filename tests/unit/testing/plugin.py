"""Task types that the harness runs."""

import asyncio
import os
import time
from datetime import timedelta

from msgspec import Struct

from penstock import (
    Context,
    PermanentError,
    Provider,
    Queue,
    RateLimitedError,
    RetryPolicy,
    Snooze,
    SyncContext,
    TaskInterrupted,
    TransientError,
    task,
)

ACME = Queue("acme", retry=RetryPolicy(max_attempts=4, initial_interval=timedelta(minutes=1)))
PAID = Provider("paid", concurrency=1)


class Job(Struct):
    word: str = "a"
    fail: int = 0


class Settings(Struct, frozen=True):
    factor: int = 2


class Done(Struct):
    word: str
    attempt: int
    run: int


@task("acme.work", queue=ACME, timeout=timedelta(hours=1))
async def work(job: Job, ctx: Context) -> Done:
    """Fail as often as it is told to."""
    await ctx.progress(50, "half")
    ctx.log.info("working", word=job.word)
    if ctx.attempt <= job.fail:
        raise TransientError("not yet")
    return Done(job.word * ctx.settings(Settings).factor, ctx.attempt, ctx.run)


@task("acme.say", queue=ACME, timeout=timedelta(hours=1))
async def say(word: str, ctx: Context) -> str:
    """Whatever the word says."""
    match word:
        case "snooze" if ctx.run < 3:
            raise Snooze(timedelta(hours=5))
        case "wait":
            await asyncio.sleep(30 * 60)
        case "too long":
            await asyncio.sleep(2 * 3600)
        case "fail":
            raise PermanentError("no", code="no_way")
        case "break":
            raise ZeroDivisionError("odd")
        case "charge":
            await ctx.charge(10)
            await ctx.charge(25)
        case "delta":
            await ctx.delta("Hel")
            await ctx.delta("lo")
        case "file":
            stored = await ctx.artifacts.put("a.txt", b"abc", content_type="text/plain")
            return (await (await ctx.artifacts.open(stored.id)).read()).decode()
        case "children":
            first = await ctx.enqueue("one", work, Job("b"), delay=timedelta(hours=1))
            assert first == await ctx.enqueue("one", work, Job("c"))
            await ctx.enqueue("two", "other.task", {"a": 1})
    return word


@task("acme.limited", queue=ACME, provider=PAID)
async def limited(word: str, ctx: Context) -> str:
    """Refused once."""
    if ctx.run == 1 and word == "refused":
        raise RateLimitedError("slow down", retry_after=timedelta(minutes=10))
    return word


@task("acme.resume", queue=ACME)
async def resume(word: str, ctx: Context) -> list[str]:
    """Two steps, each kept."""
    done = await ctx.load("done", list[str]) or []
    for step in ("first", "second"):
        if step not in done:
            done.append(f"{step}@{ctx.run}" if word == "where" else step)
            await ctx.save("done", done)
    return done


@task("acme.steps", queue=ACME)
def steps(word: str, ctx: SyncContext) -> list[int]:
    """Two steps in a process, each kept with the run that did it."""
    if word == "wait":
        time.sleep(60)
    done = ctx.load("done", list[int]) or []
    try:
        while len(done) < 2:
            done.append(ctx.run)
            ctx.save("done", done)
    except TaskInterrupted:
        ctx.save("done", ["nobody", "is", "left"])
        raise
    return done


@task("acme.process", queue=ACME)
def process(job: Job, ctx: SyncContext) -> Done:
    """As `work`, in a process; it returns which."""
    ctx.progress(10, "begun")
    ctx.log.info("working", word=job.word)
    ctx.save("kept", 7)
    assert ctx.load("kept", int) == 7
    ctx.charge(3)
    stored = ctx.artifacts.put("a.txt", [b"a", b"b"], content_type="text/plain")
    assert ctx.artifacts.open(stored.id).read() == b"ab"
    ctx.enqueue("child", work, Job("b"))
    if ctx.attempt <= job.fail:
        raise ValueError("not yet")
    return Done(job.word * ctx.settings(Settings).factor, ctx.attempt, os.getpid())
