"""A batch of 1,000 tasks on real workers: counted, and followed by its callback once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct
from sqlalchemy import text

from penstock import BatchSummary, Queue, RetryPolicy, task
from penstock.app import Application
from penstock.dispatch import BatchSubmission, CallbackSubmission, Submission
from penstock.ledger import BatchRecord, StatusCounts
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.services.at_work import at_work, ended

MANY = Queue("many", concurrency=50, retry=RetryPolicy(max_attempts=1))


class Item(Struct):
    number: int


@task("many.item", queue=MANY)
async def item(item: Item) -> int:
    if item.number % 100 == 7:
        raise ValueError(item.number)
    return item.number


@task("many.report", queue=MANY)
async def report(batch: BatchSummary) -> BatchSummary:
    return batch


PLUGIN = Plugin(name="many", distribution="many", version="1", queues=[MANY], tasks=[item, report])


@pytest.fixture
def settings(environment: dict[str, str], tmp_path: Path) -> Settings:
    return Settings.load(environment, tmp_path, plugins=["many"])


@asynccontextmanager
async def worker(settings: Settings) -> AsyncIterator[Application]:
    """As a process of its own would have it: nothing is shared with others but the servers."""
    async with (
        Application(settings, Catalogue(plugins=[PLUGIN])) as application,
        at_work(application.worker()),
    ):
        yield application


async def finished(application: Application, batch: BatchRecord) -> BatchRecord:
    async with asyncio.timeout(60):
        while True:
            found = await application.dispatch.batches.find(batch.id)
            assert found is not None
            if found.finished_at is not None:
                return found
            await asyncio.sleep(0.02)


async def test_a_thousand_tasks_of_which_ten_fail_are_counted_and_followed_once(
    settings: Settings,
) -> None:
    tasks = [Submission("many.item", f'{{"number": {n}}}') for n in range(1000)]
    wanted = BatchSubmission(tasks=tasks, callback=CallbackSubmission("many.report"), name="many")
    async with worker(settings) as one, worker(settings) as other:
        batch = await one.dispatch.batches.submit(wanted, by="test")
        found = await finished(other, batch)

        assert found.counts == StatusCounts(success=990, failed=10)
        assert (found.total, found.progress) == (1000, 100)
        assert found.callback_task_id is not None
        callback = await ended(one, found.callback_task_id)
        async with one.ledger.database.read("test") as connection:
            counted = await connection.execute(text("SELECT id FROM task WHERE batch_id IS NULL"))
            assert len(counted.all()) == 1
    assert callback.status == "success"
    assert msgspec.json.decode(callback.result or b"", type=BatchSummary) == BatchSummary(
        id=batch.id, name="many", total=1000, success=990, failed=10, cancelled=0
    )
