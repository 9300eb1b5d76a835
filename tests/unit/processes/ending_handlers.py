"""Handlers that end badly."""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from penstock import PermanentError, Snooze, TransientError, task
from tests.unit.processes.handlers import MIB, QUEUE, Job, sign


class OwnError(Exception):
    """Cannot be pickled, and is not to be printed either."""

    def __init__(self, first: object, second: object) -> None:
        super().__init__(lambda: first, second)

    def __str__(self) -> str:
        raise RuntimeError("no words")


class NotFoundError(PermanentError):
    default_code = "not_found"


class BaseOfOursError(Exception):
    pass


class DerivedError(BaseOfOursError):
    pass


def _chain() -> None:
    try:
        int("the cause")
    except ValueError as error:
        raise LookupError("the consequence") from error


_ERRORS: dict[str, Callable[[], BaseException]] = {
    "ValueError": lambda: ValueError("five is right out"),
    "own": lambda: OwnError(1, 2),
    "permanent": lambda: NotFoundError("there is no such page"),
    "transient": lambda: TransientError("busy", retry_after=timedelta(seconds=7), code="busy"),
    "snooze": lambda: Snooze(timedelta(minutes=3)),
    "derived": lambda: DerivedError("d"),
    "exit": lambda: SystemExit(3),
    "exit with words": lambda: SystemExit("I am done"),
    "interrupt": KeyboardInterrupt,
    "huge": lambda: ValueError("x" * 100_000_000),
}


@task("processes.raises", queue=QUEUE)
def raises(what: str) -> None:
    if what == "chain":
        _chain()
    error = _ERRORS[what]()
    raise error


@task("processes.ends", queue=QUEUE)
def ends(what: str) -> None:
    match what:
        case "segfault":
            ctypes.string_at(0)
        case "abort":
            os.abort()
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "real-time signal":
            os.kill(os.getpid(), 40)
        case "exit":
            os._exit(3)
        case "close":
            os.closerange(3, 256)
        case "nonsense":
            for descriptor in range(3, 256):
                try:
                    os.write(descriptor, b"\0\0\0\4abcd" * 100)
                except OSError:
                    continue
            time.sleep(30)


@task("processes.returns", queue=QUEUE)
def returns(what: str) -> Any:
    values = {"object": object, "huge": lambda: "x" * 70 * MIB, "surrogate": lambda: "\ud800"}
    return values[what]()


@task("processes.not_here", queue=QUEUE)
def not_here(job: Job) -> None:
    raise AssertionError


@task("processes.forks", queue=QUEUE)
def forks(job: Job) -> None:
    """Fork a process that lives on, and die."""
    if (child := os.fork()) == 0:
        os.setsid()
        time.sleep(60)
        os._exit(0)
    sign(job, "forked", str(child))
    os._exit(5)
