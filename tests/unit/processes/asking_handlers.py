"""Handlers that ask and tell."""

import itertools
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import Struct

from penstock import Artifact, Secret, SyncContext, task
from tests.unit.processes.handlers import MIB, QUEUE, Job, sign, wait_for


class Operation(Struct):
    id: str


class Settings(Struct, frozen=True):
    factor: float = 1.0
    key: Secret | None = None


class Unknown(Struct, frozen=True):
    pass


@task("processes.about", queue=QUEUE)
def about(job: Job, ctx: SyncContext) -> dict[str, Any]:
    """What it is told of its run, and where it is."""
    return {
        "task_id": ctx.task_id,
        "task_type": ctx.task_type,
        "queue": ctx.queue,
        "user_id": ctx.user_id,
        "provider": ctx.provider,
        "attempt": ctx.attempt,
        "run": ctx.run,
        "interruption": ctx.interruption,
        "is_main_thread": threading.current_thread() is threading.main_thread(),
        "stdin": sys.stdin.read(),
        "path": sys.path,
        "modules": sorted(sys.modules),
        "threads": threading.active_count(),
    }


@task("processes.double", queue=QUEUE)
def double(number: int, ctx: SyncContext) -> float:
    return number * ctx.settings(Settings).factor


@task("processes.secret", queue=QUEUE)
def secret(number: int, ctx: SyncContext) -> list[str]:
    """What its settings show, and what they hold."""
    settings = ctx.settings(Settings)
    return [repr(settings), f"{settings.key}"]


@task("processes.enqueue", queue=QUEUE)
def enqueue(job: Job, ctx: SyncContext) -> list[UUID]:
    return [
        ctx.enqueue("double-1", double, 4, priority="high", delay=timedelta(seconds=3)),
        ctx.enqueue("other-2", "other.type", {"a": [1, 2]}, user_id="ada"),
    ]


@task("processes.enqueue-wrongly", queue=QUEUE)
def enqueue_wrongly(delay: int, ctx: SyncContext) -> None:
    ctx.enqueue("one", double, 4, delay=delay)  # type: ignore[call-overload]


@task("processes.charge", queue=QUEUE)
def charge(number: int, ctx: SyncContext) -> int:
    ctx.charge(number)
    return number


@task("processes.unknown_settings", queue=QUEUE)
def unknown_settings(number: int, ctx: SyncContext) -> None:
    ctx.settings(Unknown)


@task("processes.reports", queue=QUEUE)
def reports(job: Job, ctx: SyncContext) -> None:
    for percent in range(0, 101, 10):
        ctx.progress(percent, f"{percent} done")
    wait_for(job, "go")


@task("processes.floods", queue=QUEUE)
def floods(job: Job, ctx: SyncContext) -> int:
    """Report far more than anybody reads."""
    for number in range(50_000):
        ctx.progress(number / 500, "x" * 200)
    sign(job, "reported")
    return os.getpid()


class Unlucky:
    def __repr__(self) -> str:
        raise RuntimeError


@task("processes.logs", queue=QUEUE)
def logs(job: Job, ctx: SyncContext) -> None:
    ctx.log.info("downloaded %d pages", 3, name="a.pdf", level=5, operation=Operation("x"))
    ctx.log.bind(part=1).warning("odd", unlucky=Unlucky())
    ctx.log.debug("small talk")
    logging.getLogger("acme.library").error("it is %s", "broken")
    logging.getLogger("acme.library").debug("small talk")
    try:
        int("k")
    except ValueError:
        ctx.log.exception("failed")
        logging.getLogger("acme.library").exception("failed too")
    ctx.log.info("x" * 100_000_000)


@task("processes.keeps", queue=QUEUE)
def keeps(job: Job, ctx: SyncContext) -> str | None:
    found = ctx.load("operation", Operation)
    ctx.save("operation", Operation(job.text))
    return found.id if found else None


@task("processes.keeps_wrongly", queue=QUEUE)
def keeps_wrongly(job: Job, ctx: SyncContext) -> None:
    match job.text:
        case "type":
            ctx.save("operation", 5)
            ctx.load("operation", Operation)
        case "name":
            ctx.save("No Name", 5)
        case "value":
            ctx.save("operation", object())
        case "size":
            ctx.save("operation", "x" * 70 * MIB)


@task("processes.stores", queue=QUEUE)
def stores(job: Job, ctx: SyncContext) -> Artifact:
    """Store ``number`` MiB as bytes, chunks or a file."""
    data = bytes(range(256)) * 4096
    match job.text:
        case "bytes":
            return ctx.artifacts.put("a.bin", data * job.number, content_type="a/b")
        case "chunks":
            chunks = itertools.repeat(data, job.number)
            return ctx.artifacts.put("a.bin", chunks, content_type="a/b")
        case "file":
            path = Path(tempfile.gettempdir()) / "a.bin"
            with path.open("wb") as file:
                for _ in range(job.number):
                    file.write(data)
            return ctx.artifacts.put("a.bin", path, content_type="a/b")
    raise AssertionError(job.text)


@task("processes.stores_wrongly", queue=QUEUE)
def stores_wrongly(job: Job, ctx: SyncContext) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"abc"
        raise ZeroDivisionError("the source dried up")

    match job.text:
        case "name":
            ctx.artifacts.put("a/b", b"x" * MIB, content_type="a/b")
        case "source":
            ctx.artifacts.put("a.bin", chunks(), content_type="a/b")
        case "path":
            ctx.artifacts.put("a.bin", Path("/there/is/none"), content_type="a/b")
        case "id":
            ctx.artifacts.open(UUID(int=0))


@task("processes.opens", queue=QUEUE, max_memory=100 * MIB)
def opens(artifact: UUID, ctx: SyncContext) -> list[Any]:
    reader = ctx.artifacts.open(artifact)
    total = chunks = 0
    for chunk in reader:
        total += len(chunk)
        chunks += 1
    rest = ctx.artifacts.open(artifact).read() if total < 10 * MIB else b""
    return [reader.artifact.name, total, chunks, len(rest), list(reader)]


@task("processes.threads", queue=QUEUE)
def threads(job: Job, ctx: SyncContext) -> list[int]:
    """Use the context from several threads at once."""
    found: list[int] = []

    def work(number: int) -> None:
        for _ in range(50):
            ctx.save(f"at-{number}", number)
            ctx.progress(1, "x")
            ctx.log.info("y")
        found.append(ctx.load(f"at-{number}", int) or -1)

    workers = [threading.Thread(target=work, args=(each,)) for each in range(1, 9)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    return sorted(found)


@task("processes.leaves_a_question", queue=QUEUE)
def leaves_a_question(job: Job, ctx: SyncContext) -> str:
    """End while a thread still waits for an answer."""
    threading.Thread(target=ctx.save, args=("operation", 1), daemon=True).start()
    return "done"


@task("processes.asks_why", queue=QUEUE)
def asks_why(job: Job, ctx: SyncContext) -> None:
    sign(job, "started")
    try:
        time.sleep(60)
    finally:
        ctx.save("why", ctx.interruption)
