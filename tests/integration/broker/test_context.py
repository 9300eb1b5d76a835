"""What a handler gets of its context in a worker: checkpoints, and a log that knows its task."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from msgspec import Struct
from sqlalchemy import text

from penstock import Context, Queue, RetryPolicy, SupersededError, logs, task
from penstock.app import Application
from penstock.broker.checkpoints import Checkpoints
from penstock.dispatch import Submission
from penstock.ledger import Ledger
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.integration.dispatch.conftest import until
from tests.integration.ledger.test_ledger import started
from tests.services.at_work import at_work, ended
from tests.services.gate import pass_gate

QUICK = RetryPolicy(max_attempts=2, initial_interval=timedelta(milliseconds=20), jitter=0)
SHOP = Queue("shop", retry=QUICK)


class Order(Struct):
    pages: int


class Operation(Struct):
    id: str


@task("shop.print", queue=SHOP)
async def print_pages(order: Order, ctx: Context) -> list[str]:
    """Order once, and lose the connection after that."""
    operation = await ctx.load("operation", Operation)
    if operation is None:
        operation = Operation(f"op-{ctx.attempt}")
        await ctx.save("operation", operation)
        ctx.log.warning("ordered", pages=order.pages)
        raise ConnectionResetError
    return [operation.id, str(ctx.attempt)]


@task("shop.reprint", queue=SHOP)
async def reprint(order: Order, ctx: Context) -> None:
    """Read what an older version of the plugin saved."""
    await ctx.save("operation", order)
    await ctx.load("operation", Operation)


PLUGIN = Plugin(
    name="shop", distribution="shop", version="1", queues=[SHOP], tasks=[print_pages, reprint]
)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The worker's log, as JSON."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("json", "info", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
async def outcome_of(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[Any]:
    """Runs a task on a worker of its own."""
    settings = Settings.load(environment, tmp_path, plugins=["shop"])
    async with Application(settings, Catalogue(plugins=[PLUGIN])) as application:

        async def run(name: str, data: bytes) -> Any:
            record = await application.dispatch.submit(Submission(name, data))
            return await ended(application, record.id)

        async with at_work(application.worker()):
            yield run


async def test_a_later_attempt_resumes_from_its_checkpoint(outcome_of: Any) -> None:
    ended = await outcome_of("shop.print", b'{"pages": 3}')

    assert (ended.status, ended.attempts) == ("success", 2)
    assert msgspec.json.decode(ended.result) == ["op-1", "2"]


async def test_a_checkpoint_that_does_not_fit_fails_the_task_for_good(outcome_of: Any) -> None:
    ended = await outcome_of("shop.reprint", b'{"pages": 3}')

    assert (ended.status, ended.attempts) == ("failed", 1)
    assert ended.error.code == "checkpoint_incompatible"
    assert "missing required field `id` (at $)" in ended.error.message


async def test_log_lines_of_a_handler_say_which_task_they_are_about(
    log: io.StringIO, outcome_of: Any
) -> None:
    ended = await outcome_of("shop.print", b'{"pages": 3}')

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (line,) = [each for each in lines if each["event"] == "ordered"]
    del line["timestamp"]
    assert line == {
        "event": "ordered",
        "level": "warning",
        "logger": "penstock.task",
        "pages": 3,
        "task_id": str(ended.id),
        "task_type": "shop.print",
        "attempt": 1,
    }


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    ledger = Ledger(database_url)
    yield ledger
    await ledger.close()


async def rename(ledger: Ledger, old: str, new: str) -> None:
    async with ledger.database.write("rename") as connection:
        await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


async def test_saving_and_loading_wait_for_a_database_that_is_away(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = Checkpoints(ledger, await started(ledger), max_bytes=1000)
    await rename(ledger, "checkpoint", "away")
    saving = asyncio.create_task(checkpoints.save("operation", Operation("a")))
    loading = asyncio.create_task(checkpoints.load("other", Operation))

    async def both_wait() -> bool:
        return caplog.text.count("waits: the database could not") >= 4

    await until(both_wait, within=60)
    assert not saving.done()
    assert not loading.done()

    await rename(ledger, "away", "checkpoint")

    await saving
    assert await loading is None
    assert await checkpoints.load("operation", Operation) == Operation("a")


async def test_a_wait_for_the_database_ends_with_the_handler(ledger: Ledger) -> None:
    checkpoints = Checkpoints(ledger, await started(ledger), max_bytes=1000)
    await rename(ledger, "checkpoint", "away")
    saving = asyncio.create_task(checkpoints.save("operation", 1))
    await asyncio.wait({saving}, timeout=0.05)

    saving.cancel()

    with pytest.raises(asyncio.CancelledError):
        await saving


async def test_a_run_that_is_over_is_told_so(ledger: Ledger) -> None:
    run = await started(ledger)
    await pass_gate(ledger, run.id, worker="other", orphans=True)

    with pytest.raises(
        SupersededError, match=r"'operation' .* was not saved: run 1 was superseded"
    ):
        await Checkpoints(ledger, run, max_bytes=1000).save("operation", 1)
