"""A worker, the API and whoever follows tasks, all in this process, over real services."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from penstock.app import Application
from penstock.dispatch import Submission
from penstock.ledger import TaskRecord
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.integration.events.talk_handlers import TALK, Speech, say, shout

PLUGIN = Plugin(name="talk", distribution="talk", version="1", queues=[TALK], tasks=[say, shout])


@pytest.fixture
def environment(redis_url: str, namespace: str, database_url: str, tmp_path: Path):
    return {
        "REDIS_URL": redis_url,
        "DATABASE_URL": database_url,
        "PENSTOCK_NAMESPACE": namespace,
        "PENSTOCK_DATA_DIR": str(tmp_path / "data"),
    }


@pytest.fixture
async def application(environment, tmp_path: Path) -> AsyncIterator[Application]:
    settings = Settings.load(environment, tmp_path, plugins=["talk"])
    async with Application(settings, Catalogue(plugins=[PLUGIN])) as application:
        yield application


@asynccontextmanager
async def working(application: Application) -> AsyncIterator[None]:
    """A worker runs meanwhile."""
    stop = asyncio.Event()
    running = asyncio.create_task(application.worker().run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


@pytest.fixture
async def worker(application: Application) -> AsyncIterator[None]:
    async with working(application):
        yield


async def submit(application: Application, speech: Speech, name: str = "talk.say") -> TaskRecord:
    return await application.dispatch.submit(Submission(name, msgspec.json.encode(speech)))
