"""A worker, the API and whoever follows tasks, all in this process, over real services."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec import Struct

from penstock import Context, Queue, RetryPolicy, task
from penstock.app import Application
from penstock.dispatch import Submission
from penstock.ledger import TaskRecord
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings

TALK = Queue("talk", concurrency=20, retry=RetryPolicy(max_attempts=2, jitter=0))


class Speech(Struct):
    words: list[str]
    pause: float = 0.0
    """Seconds between two words."""
    log: list[str] = []
    fails: bool = False


@task("talk.say", queue=TALK)
async def say(speech: Speech, ctx: Context) -> str:
    """Say word by word."""
    await ctx.progress(10, "begun")
    for line in speech.log:
        ctx.log.info(line, words=len(speech.words))
    for word in speech.words:
        await ctx.delta(word)
        await asyncio.sleep(speech.pause)
    if speech.fails:
        raise RuntimeError("out of breath")
    return "".join(speech.words)


PLUGIN = Plugin(name="talk", distribution="talk", version="1", queues=[TALK], tasks=[say])
Open = Callable[..., AsyncIterator[Application]]


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
    import msgspec

    return await application.dispatch.submit(Submission(name, msgspec.json.encode(speech)))
