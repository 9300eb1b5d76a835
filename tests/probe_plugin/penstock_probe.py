# ruff: noqa: ASYNC110, ASYNC240  (handlers of users block and poll)
"""A third party's plugin for tests: handlers that misbehave in the ways that users' handlers do.

Workers find it because this folder, with its installed metadata, is on their PYTHONPATH.
"""

import asyncio
import ctypes
import os
import signal
import time
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import Struct

from penstock import (
    Context,
    PermanentError,
    Provider,
    Queue,
    RateLimitedError,
    RetryPolicy,
    Schedule,
    Snooze,
    SyncContext,
    TaskInterrupted,
    TaskType,
    TransientError,
    hookimpl,
    task,
)

ONCE = RetryPolicy(max_attempts=1)
PROBE = Queue("probe", concurrency=2)
LINE = Queue("line", concurrency=1)
PAID = Queue("paid", concurrency=3)
METERED = Provider("metered", concurrency=3)


class Probe(Struct):
    """What a handler shall do.

    ``log`` is a file that gets one line per run; a handler that waits does so for these seconds,
    and then until the file ``until`` is there, if it has a name.
    """

    log: str
    name: str = ""
    seconds: float = 0.0
    until: str = ""
    failures: int = 0


class Report(Struct):
    attempt: int


class Received(Struct):
    """A file that was uploaded."""

    file: UUID


class Measured(Struct):
    name: str
    content_type: str
    size: int
    sha256: str


def _note(probe: Probe, ctx: Context | SyncContext, what: str) -> None:
    with Path(probe.log).open("a") as log:
        log.write(
            f"{what} {probe.name or ctx.task_id} {ctx.attempt} {time.time():.3f} {os.getpid()}\n"
        )


async def _wait(probe: Probe) -> None:
    await asyncio.sleep(probe.seconds)
    while probe.until and not Path(probe.until).exists():
        await asyncio.sleep(0.02)


def _block(probe: Probe) -> None:
    time.sleep(probe.seconds)
    while probe.until and not Path(probe.until).exists():
        time.sleep(0.02)


@task("probe.sleep", queue=PROBE)
async def sleep(probe: Probe, ctx: Context) -> Report:
    """Wait on the event loop."""
    _note(probe, ctx, "start")
    await _wait(probe)
    _note(probe, ctx, "end")
    return Report(attempt=ctx.attempt)


@task("probe.block", queue=PROBE)
async def block(probe: Probe, ctx: Context) -> Report:
    """Block the event loop, as a careless handler does."""
    _note(probe, ctx, "start")
    _block(probe)
    _note(probe, ctx, "end")
    return Report(attempt=ctx.attempt)


@task("probe.flaky", queue=PROBE)
async def flaky(probe: Probe, ctx: Context) -> Report:
    """Fail for the first attempts."""
    _note(probe, ctx, "start")
    if ctx.attempt <= probe.failures:
        message = f"attempt {ctx.attempt} fails"
        raise RuntimeError(message)
    return Report(attempt=ctx.attempt)


@task("probe.line", queue=LINE)
async def line(probe: Probe, ctx: Context) -> Report:
    """One at a time, so that the order shows."""
    _note(probe, ctx, "start")
    await _wait(probe)
    return Report(attempt=ctx.attempt)


@task("probe.permanent", queue=PROBE)
async def permanent(probe: Probe, ctx: Context) -> Report:
    """Say that trying again cannot help."""
    _note(probe, ctx, "start")
    message = "the file is not a picture"
    raise PermanentError(message, code="not_a_picture")


@task("probe.transient", queue=PROBE)
async def transient(probe: Probe, ctx: Context) -> Report:
    """Ask for a second attempt at a time of its own."""
    _note(probe, ctx, "start")
    if ctx.attempt == 1:
        message = "busy"
        raise TransientError(message, retry_after=timedelta(seconds=probe.seconds))
    return Report(attempt=ctx.attempt)


@task("probe.snooze", queue=PROBE)
async def snooze(probe: Probe, ctx: Context) -> Report:
    """Come back once, without spending an attempt."""
    runs = Path(probe.log).read_text().count("start") if Path(probe.log).exists() else 0
    _note(probe, ctx, "start")
    if runs == 0:
        raise Snooze(timedelta(seconds=probe.seconds))
    return Report(attempt=ctx.attempt)


@task("probe.metered", queue=PROBE, provider=METERED)
async def metered(probe: Probe, ctx: Context) -> Report:
    """Use the provider for a while."""
    return await _use(probe, ctx)


@task("probe.metered-too", queue=PAID, provider="metered")
async def metered_too(probe: Probe, ctx: Context) -> Report:
    """Use the same provider through another queue."""
    return await _use(probe, ctx)


async def _use(probe: Probe, ctx: Context) -> Report:
    _note(probe, ctx, "start")
    if probe.failures and Path(probe.log).read_text().count("start") <= probe.failures:
        raise RateLimitedError("slow down", retry_after=timedelta(seconds=probe.seconds))
    await _wait(probe)
    _note(probe, ctx, "end")
    return Report(attempt=ctx.attempt)


@task("probe.slow", queue=PROBE, timeout=timedelta(seconds=0.5))
async def slow(probe: Probe, ctx: Context) -> Report:
    """Take longer than allowed."""
    _note(probe, ctx, "start")
    await asyncio.sleep(probe.seconds)
    return Report(attempt=ctx.attempt)


@task("probe.progress", queue=PROBE)
async def progress(probe: Probe, ctx: Context) -> Report:
    """Report how far it is, then wait for a file to appear."""
    await ctx.progress(40, "downloaded")
    while not Path(probe.log).exists():
        await asyncio.sleep(0.05)
    return Report(attempt=ctx.attempt)


@task("probe.lies", queue=PROBE)
async def lies(probe: Probe, ctx: Context) -> Report:
    """Return something that no JSON can hold."""
    _note(probe, ctx, "start")
    return object()  # type: ignore[return-value]


@task("probe.exits", queue=PROBE)
async def exits(probe: Probe, ctx: Context) -> Report:
    """Try to take the worker down."""
    _note(probe, ctx, "start")
    raise SystemExit(3)


@task("probe.patient", queue=PROBE)
async def patient(probe: Probe, ctx: Context) -> Report:
    """Wait, and write down why it is stopped if it is."""
    try:
        _note(probe, ctx, "start")
        await asyncio.sleep(probe.seconds)
    except asyncio.CancelledError:
        assert ctx.interruption is not None
        _note(probe, ctx, f"{ctx.interruption.code}: {ctx.interruption.message} ->")
        raise
    return Report(attempt=ctx.attempt)


@task("probe.upload", queue=PROBE, upload="file")
async def upload(received: Received, ctx: Context) -> Measured:
    """Measure an uploaded file, byte by byte."""
    reader = await ctx.artifacts.open(received.file)
    digest, size = sha256(), 0
    async for chunk in reader:
        digest.update(chunk)
        size += len(chunk)
    artifact = reader.artifact
    return Measured(
        name=artifact.name,
        content_type=artifact.content_type,
        size=size,
        sha256=digest.hexdigest(),
    )


@task("probe.process", queue=PROBE)
def process(probe: Probe, ctx: SyncContext) -> Report:
    """Wait in a process of its own."""
    _note(probe, ctx, "start")
    ctx.progress(40, "waiting")
    ctx.log.info("waits in a process", seconds=probe.seconds)
    _block(probe)
    _note(probe, ctx, "end")
    return Report(attempt=ctx.attempt)


@task("probe.spin", queue=PROBE, retry=ONCE, timeout=timedelta(seconds=2))
def spin(probe: Probe, ctx: SyncContext) -> Report:
    """Never come to an end."""
    _note(probe, ctx, "start")
    while True:
        pass


@task("probe.segfault", queue=PROBE, retry=ONCE)
def segfault(probe: Probe, ctx: SyncContext) -> Report:
    """Crash, as a library in C does over a hostile file."""
    _note(probe, ctx, "start")
    ctypes.string_at(0)
    return Report(attempt=ctx.attempt)


@task("probe.eat", queue=PROBE, retry=ONCE, max_memory=256 * 1024**2)
def eat(probe: Probe, ctx: SyncContext) -> Report:
    """Want more memory than there is for it."""
    _note(probe, ctx, "start")
    full = []
    while True:
        full.append(bytearray(1024**2))


@task("probe.resume", queue=PROBE)
def resume(probe: Probe, ctx: SyncContext) -> Report:
    """Go on where an earlier run was stopped; ``attempt`` is then 100."""
    if ctx.load("waited", bool):
        return Report(attempt=100)
    try:
        _note(probe, ctx, "start")
        time.sleep(probe.seconds)
    except TaskInterrupted as stop:
        if stop.interruption.code == "shutdown":
            ctx.save("waited", True)
        raise
    return Report(attempt=ctx.attempt)


@task("probe.child", queue=PROBE)
async def child(probe: Probe, ctx: Context) -> Report:
    """Be one of ten."""
    _note(probe, ctx, "start")
    return Report(attempt=ctx.attempt)


@task("probe.parent", queue=PROBE)
async def parent(probe: Probe, ctx: Context) -> list[UUID]:
    """Enqueue ten children; the first run takes its worker down after three of them."""
    children = []
    for number in range(10):
        if number == 3 and ctx.run == 1:
            os.kill(os.getpid(), signal.SIGKILL)
            await asyncio.sleep(60)
        one = Probe(log=probe.log, name=f"child-{number}")
        children.append(await ctx.enqueue(f"child-{number}", child, one))
    return children


@task("probe.parent_apart", queue=PROBE)
def parent_apart(probe: Probe, ctx: SyncContext) -> list[UUID]:
    """As `probe.parent`, but it takes down only the process that it runs in."""
    children = []
    for number in range(10):
        if number == 3 and ctx.run == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        one = Probe(log=probe.log, name=f"child-{number}")
        children.append(ctx.enqueue(f"child-{number}", child, one))
    return children


@hookimpl
def penstock_queues() -> list[Queue]:
    return [PROBE, LINE, PAID]


@hookimpl
def penstock_providers() -> list[Provider]:
    return [METERED]


@hookimpl
def penstock_schedules() -> list[Schedule]:
    # Whoever wants it to fire says `run`.
    log = os.environ.get("PROBE_SCHEDULE_LOG", os.devnull)
    yearly = Schedule("probe.yearly", task="probe.sleep", input=Probe(log=log), cron="0 0 1 1 *")
    return [] if "probe.sleep" in _lacking() else [yearly]


@hookimpl
def penstock_tasks() -> list[TaskType[Any, Any]]:
    tasks: list[TaskType[Any, Any] | None] = [
        sleep,
        block,
        flaky,
        line,
        permanent,
        transient,
        snooze,
        metered,
        metered_too,
        slow,
        progress,
        lies,
        exits,
        patient,
        upload,
        process,
        spin,
        segfault,
        eat,
        resume,
        child,
        parent,
        parent_apart,
    ]
    return [each for each in tasks if each is not None]


def _lacking() -> list[str]:
    """What an older version of this plugin, as a rolling deploy meets it, does not have."""
    return os.environ.get("PROBE_LACKS", "").split(",")


# What an older version does not have is not in its module either.
for _name, _value in list(globals().items()):
    if isinstance(_value, TaskType) and _value.name in _lacking():
        globals()[_name] = None
