"""The plugin whose tasks run while everything around them is broken.

Each execution writes down when it begins and how it ends, in one log for all processes; so does
each step of a task that keeps checkpoints, and a process that stood still for a while.
`tests/chaos/execution_log.py` reads it.

Environment:
    CHAOS_LOG: the log's path.
    CHAOS_VERSION: ``old`` for a version that does not know ``chaos.new`` yet.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache

from msgspec import Struct

from penstock import (
    Context,
    PermanentError,
    Queue,
    RateLimit,
    RetryPolicy,
    Snooze,
    SyncContext,
    TaskInterrupted,
    hookimpl,
    task,
)

RETRY = RetryPolicy(
    max_attempts=3,
    initial_interval=timedelta(milliseconds=5),
    max_interval=timedelta(milliseconds=200),
    jitter=0.5,
)
OPEN = Queue("open", concurrency=6, retry=RETRY)
NARROW = Queue("narrow", concurrency=2, global_concurrency=3, retry=RETRY)
RATED = Queue(
    "rated",
    concurrency=4,
    rate_limit=RateLimit(limit=20, period=timedelta(seconds=1)),
    user_rate_limit=RateLimit(limit=6, period=timedelta(seconds=1)),
    retry=RETRY,
)
GRIM = Queue("grim", concurrency=2, retry=RETRY)
APART = Queue("apart", concurrency=3, user_concurrency=1, retry=RETRY)

# A process that missed its own clock by this much stood still.
_CLOCK = 0.05
_STALL = 0.2


class Order(Struct):
    """What a handler shall do. ``key`` tells the task from every other one of the run."""

    key: str
    seconds: float = 0.0
    failures: int = 0
    snoozes: int = 0
    steps: int = 0
    children: int = 0


class Report(Struct):
    """Who did it: the run that returned this."""

    run: int
    attempt: int


@cache
def _log() -> int:
    # One write per line, and every line at the end, whoever else is writing.
    return os.open(os.environ["CHAOS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


# Read when the module is imported: a process of a `def` handler outlives its worker for a moment.
_PARENT = os.getppid()


def _write(pid: int, *fields: object) -> None:
    line = " ".join(map(str, (time.time_ns(), pid, *fields)))
    os.write(_log(), f"{line}\n".encode())


def _note(event: str, ctx: Context | SyncContext, *fields: object) -> None:
    worker = _PARENT if isinstance(ctx, SyncContext) else os.getpid()
    _write(worker, event, ctx.task_id, ctx.run, ctx.attempt, ctx.queue, *fields)


@contextmanager
def _noted(ctx: Context | SyncContext) -> Iterator[None]:
    _note("start", ctx)
    try:
        yield
    except Snooze:
        _note("snooze", ctx)
        raise
    except (asyncio.CancelledError, TaskInterrupted):
        _note(f"cancelled:{ctx.interruption.code if ctx.interruption else '?'}", ctx)
        raise
    except BaseException:
        _note("error", ctx)
        raise
    _note("end", ctx)


def _report(ctx: Context | SyncContext) -> Report:
    return Report(run=ctx.run, attempt=ctx.attempt)


async def _wait(order: Order, ctx: Context) -> Report:
    with _noted(ctx):
        await asyncio.sleep(order.seconds)
    return _report(ctx)


@task("chaos.quick", queue=OPEN)
async def quick(order: Order, ctx: Context) -> Report:
    """Be done soon."""
    return await _wait(order, ctx)


@task("chaos.long", queue=OPEN)
async def long(order: Order, ctx: Context) -> Report:
    """Take several leases."""
    return await _wait(order, ctx)


async def new(order: Order, ctx: Context) -> Report:
    """Be unknown to the old version."""
    return await _wait(order, ctx)


@task("chaos.narrow", queue=NARROW)
async def narrow(order: Order, ctx: Context) -> Report:
    """Run beside few others."""
    return await _wait(order, ctx)


@task("chaos.rated", queue=RATED)
async def rated(order: Order, ctx: Context) -> Report:
    """Start only so often."""
    return await _wait(order, ctx)


@task("chaos.flaky", queue=OPEN)
async def flaky(order: Order, ctx: Context) -> Report:
    """Fail for the first attempts, which may be all of them."""
    with _noted(ctx):
        await asyncio.sleep(order.seconds)
        if ctx.attempt <= order.failures:
            message = f"attempt {ctx.attempt} fails"
            raise RuntimeError(message)
    return _report(ctx)


@task("chaos.permanent", queue=OPEN)
async def permanent(order: Order, ctx: Context) -> Report:
    """Say that trying again cannot help."""
    with _noted(ctx):
        await asyncio.sleep(order.seconds)
        message = "it cannot be done"
        raise PermanentError(message)


@task("chaos.snooze", queue=OPEN)
async def snooze(order: Order, ctx: Context) -> Report:
    """Come back later, without spending an attempt."""
    with _noted(ctx):
        if ctx.run <= order.snoozes:
            raise Snooze(timedelta(seconds=order.seconds))
    return _report(ctx)


@task("chaos.block", queue=GRIM)
async def block(order: Order, ctx: Context) -> Report:
    """Block the event loop, as a careless handler does."""
    with _noted(ctx):
        time.sleep(order.seconds)  # noqa: ASYNC251  (the very thing that is tested)
    return _report(ctx)


@task("chaos.poison", queue=GRIM)
async def poison(order: Order, ctx: Context) -> Report:
    """Take the worker down."""
    with _noted(ctx):
        os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(60)
    return _report(ctx)


@task("chaos.steps", queue=OPEN)
async def steps(order: Order, ctx: Context) -> Report:
    """Keep each step, fail once in the middle, and go on after what was kept."""
    with _noted(ctx):
        done = await ctx.load("steps", int) or 0
        _fail_in_the_middle(order, ctx, done)
        for number in range(done + 1, order.steps + 1):
            _note("step", ctx, number)
            await asyncio.sleep(order.seconds)
            await ctx.save("steps", number)
            _fail_in_the_middle(order, ctx, number)
    return _report(ctx)


@task("chaos.apart", queue=APART)
def apart(order: Order, ctx: SyncContext) -> Report:
    """Run in a process, which may be blocked for as long as it likes."""
    with _noted(ctx):
        time.sleep(order.seconds)
    return _report(ctx)


@task("chaos.steps_apart", queue=APART)
def steps_apart(order: Order, ctx: SyncContext) -> Report:
    """As `chaos.steps`, in a process."""
    with _noted(ctx):
        done = ctx.load("steps", int) or 0
        _fail_in_the_middle(order, ctx, done)
        for number in range(done + 1, order.steps + 1):
            _note("step", ctx, number)
            time.sleep(order.seconds)
            ctx.save("steps", number)
            _fail_in_the_middle(order, ctx, number)
    return _report(ctx)


@task("chaos.crash", queue=APART)
def crash(order: Order, ctx: SyncContext) -> Report:
    """Take down the process that it runs in, and nothing else, for the first attempts."""
    with _noted(ctx):
        time.sleep(order.seconds)
        if ctx.attempt <= order.failures:
            _note("crash", ctx)
            signal.raise_signal(signal.SIGSEGV)
    return _report(ctx)


@task("chaos.child", queue=OPEN)
async def child(order: Order, ctx: Context) -> Report:
    """Be one of several."""
    return await _wait(order, ctx)


@task("chaos.parent", queue=OPEN)
async def parent(order: Order, ctx: Context) -> Report:
    """Enqueue children, one after the other, and fail once in the middle."""
    with _noted(ctx):
        for number in range(order.children):
            await ctx.enqueue(f"child-{number}", child, Order(key=f"{order.key}/{number}"))
            await asyncio.sleep(order.seconds)
            if ctx.attempt <= order.failures and number == order.children // 2:
                message = f"attempt {ctx.attempt} fails after child {number}"
                raise RuntimeError(message)
    return _report(ctx)


@task("chaos.parent_apart", queue=APART)
def parent_apart(order: Order, ctx: SyncContext) -> Report:
    """As `chaos.parent`, in a process."""
    with _noted(ctx):
        for number in range(order.children):
            ctx.enqueue(f"child-{number}", child, Order(key=f"{order.key}/{number}"))
            time.sleep(order.seconds)
            if ctx.attempt <= order.failures and number == order.children // 2:
                message = f"attempt {ctx.attempt} fails after child {number}"
                raise RuntimeError(message)
    return _report(ctx)


@task("chaos.callback", queue=OPEN)
async def callback(order: Order, ctx: Context) -> Report:
    """Follow a batch."""
    return await _wait(order, ctx)


def _fail_in_the_middle(order: Order, ctx: Context | SyncContext, done: int) -> None:
    if ctx.attempt <= order.failures and done == order.steps // 2:
        message = f"attempt {ctx.attempt} fails after step {done}"
        raise RuntimeError(message)


TASKS = [
    quick,
    long,
    narrow,
    rated,
    flaky,
    permanent,
    snooze,
    block,
    poison,
    steps,
    apart,
    steps_apart,
    crash,
    child,
    parent,
    parent_apart,
    callback,
]
if os.environ.get("CHAOS_VERSION") != "old":
    TASKS.append(task("chaos.new", queue=OPEN)(new))


@hookimpl
def penstock_queues() -> list[Queue]:
    return [OPEN, NARROW, RATED, GRIM, APART]


@hookimpl
def penstock_tasks() -> list[object]:
    return list(TASKS)


def _watch_the_clock() -> None:
    before = time.monotonic()
    while True:
        time.sleep(_CLOCK)
        now = time.monotonic()
        if now - before > _CLOCK + _STALL:
            _write(os.getpid(), "stall", round((now - before) * 1000))
        before = now


# Not in a hook, which must have no effect: whether this process stood still excuses it, or not.
if "CHAOS_LOG" in os.environ:
    threading.Thread(target=_watch_the_clock, name="clock", daemon=True).start()
