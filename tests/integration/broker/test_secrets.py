"""Secrets that a plugin itself puts into errors and logs reach neither database, Redis nor log."""

import asyncio
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from redis.asyncio import Redis
from sqlalchemy import text
from taskiq import TaskiqMessage, TaskiqMiddleware, TaskiqResult

from penstock import logs
from penstock.app import Application
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.integration.broker.leaky_plugin import LEAKY, Account, call, call_in_process

KEY = "sk-'s3cret'/of the test"
PLUGIN = Plugin(
    name="leaky",
    distribution="leaky",
    version="1",
    queues=[LEAKY],
    tasks=[call, call_in_process],
    settings=[Account],
)


class Told(TaskiqMiddleware):
    """Keeps the errors that it is told of."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[BaseException] = []

    def on_error(
        self, message: TaskiqMessage, result: TaskiqResult[Any], exception: BaseException
    ) -> None:
        """See taskiq."""
        self.errors.append(exception)


@pytest.fixture
def log(settings: Settings) -> Iterator[io.StringIO]:
    """The worker's log."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("json", "info", mask=settings.mask, stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def settings(environment: dict[str, str], tmp_path: Path) -> Settings:
    said = {**environment, "PENSTOCK_LEAKY_PHRASE": KEY}
    return Settings.load(said, tmp_path, plugins=["leaky"])


@pytest.mark.parametrize("task_type", [call, call_in_process], ids=["async", "process"])
async def test_a_secret_that_a_handler_tells_is_hidden_wherever_it_goes(
    settings: Settings, log: io.StringIO, task_type: Any
) -> None:
    told = Told()
    async with Application(settings, Catalogue(plugins=[PLUGIN])) as application:
        worker = application.worker()
        worker.add_middlewares(told)
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        broker = application.broker()
        await broker.startup()
        taskiq_task: Any = broker.find_task(task_type.name)
        waiting = await taskiq_task.kiq({"host": "acme.example"})
        result = await waiting.wait_result(timeout=60)
        stop.set()
        await running
        await broker.shutdown()
        kept = await everything(application, settings)

    said = [repr(result.error), log.getvalue(), *map(repr, told.errors), *kept.values()]
    assert all("s3cret" not in each for each in said)
    assert all("*** was refused" in each for each in said if "refused" in each)
    # It was said, and hidden: otherwise this would prove nothing.
    for place in ("task", "task_attempt", "task_log", "redis"):
        assert "***" in kept[place], place
    assert "the key is ***" in log.getvalue()
    assert "calling with ***" in log.getvalue()
    assert len(told.errors) == 2


async def everything(application: Application, settings: Settings) -> dict[str, str]:
    """What is kept of tasks: each table, and all keys of Redis."""
    kept = {}
    async with application.ledger.database.engine.connect() as connection:
        for table in ("task", "task_attempt", "task_log"):
            rows = await connection.execute(text(f"SELECT * FROM {table}"))
            kept[table] = repr(rows.all())
    redis = Redis.from_url(settings.require_redis_url(), decode_responses=True)
    found: list[Any] = []
    async for key in redis.scan_iter(f"{settings.namespace}:*"):
        match await redis.type(key):
            case "stream":
                found.append(await redis.xrange(key))
            case "string":
                found.append(await redis.get(key))
    await redis.aclose()
    kept["redis"] = repr(found)
    return kept
