"""A plugin whose handlers do in their process what handlers of users do, and worse.

Here is what all tests share; the modules beside it have more.
"""

import os
import time
from pathlib import Path

from msgspec import Struct

from penstock import Queue, task

QUEUE = Queue("processes")
MIB = 1024**2


class Job(Struct):
    """What a handler shall do; ``folder`` is where it leaves signs of what it did."""

    folder: str = ""
    text: str = ""
    number: int = 0


def sign(job: Job, name: str, text: str = "") -> None:
    """Leave a sign, all of it at once."""
    draft = Path(job.folder) / f".{name}"
    draft.write_text(text)
    draft.rename(Path(job.folder) / name)


def wait_for(job: Job, name: str) -> None:
    while not (Path(job.folder) / name).exists():
        time.sleep(0.01)


@task("processes.pid", queue=QUEUE)
def pid(job: Job) -> int:
    return os.getpid()


@task("processes.pid_when_told", queue=QUEUE)
def pid_when_told(job: Job) -> int:
    """Say that it runs, by ``text``, and go on when ``go`` is there."""
    sign(job, job.text)
    wait_for(job, "go")
    return os.getpid()
