"""Handlers that are stopped, and how they take it."""

import itertools
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from penstock import SyncContext, TaskInterrupted, task
from tests.unit.processes.handlers import QUEUE, Job, sign


def _loop(ctx: SyncContext) -> None:
    while True:
        pass


def _ask(ctx: SyncContext) -> None:
    while True:
        ctx.save("n", 1)


def _tell(ctx: SyncContext) -> None:
    while True:
        ctx.progress(1, "x" * 1000)
        ctx.log.info("x" * 1000)


def _shout(ctx: SyncContext) -> None:
    """Be in the middle of a frame, nearly always."""
    while True:
        ctx.log.info("x" * 5_000_000)


_WAYS: dict[str, Callable[[SyncContext], object]] = {
    "sleep": lambda _: time.sleep(60),
    "loop": _loop,
    "lock": lambda _: threading.Event().wait(),
    "program": lambda _: subprocess.run(["sleep", "60"], check=True),
    "ask": _ask,
    "tell": _tell,
    "shout": _shout,
}


@task("processes.waits", queue=QUEUE)
def waits(job: Job, ctx: SyncContext) -> str:
    """Wait to be interrupted, in the way that ``text`` says, and clean up."""
    folder = Path(tempfile.mkdtemp())
    try:
        # In here: it may be interrupted as soon as it has said so.
        sign(job, "started", str(os.getpid()))
        _WAYS[job.text](ctx)
    except TaskInterrupted as stop:
        ctx.save("why", [stop.interruption.code, str(stop), ctx.interruption == stop.interruption])
        sign(job, "saved")
        raise
    finally:
        folder.rmdir()
        sign(job, "cleaned")
    return "never"


@task("processes.holds_out", queue=QUEUE)
def holds_out(job: Job) -> None:
    """Stop for nobody, in the way that ``text`` says; leave a file and a program behind."""
    Path(tempfile.mkdtemp()).joinpath("left").touch()
    left = subprocess.Popen(["sleep", "60"])
    sign(job, "started", f"{os.getpid()} {left.pid} {tempfile.gettempdir()}")
    match job.text:
        case "gil":
            sum(itertools.repeat(1, 10**13))
        case "swallow":
            while True:
                try:
                    time.sleep(60)
                except TaskInterrupted:
                    continue
        case "handler":
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            time.sleep(60)


@task("processes.returns_all_the_same", queue=QUEUE)
def returns_all_the_same(job: Job) -> str:
    """Take the interruption for the end of what it reads, as some libraries do."""
    try:
        sign(job, "started", str(os.getpid()))
        time.sleep(60)
    except TaskInterrupted:
        return "half"
    return "never"


@task("processes.limited", queue=QUEUE, timeout=timedelta(seconds=0.2))
def limited(job: Job) -> int:
    """Past its time limit, and deaf."""
    sign(job, "started", str(os.getpid()))
    return sum(itertools.repeat(1, 10**13))


@task("processes.quick", queue=QUEUE, timeout=timedelta(minutes=1))
def quick(job: Job) -> None:
    """Within its time limit."""
