"""An installation with one small task type, as application code meets it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from msgspec import Struct

from penstock import Context, Queue, task
from penstock.app import Application
from penstock.client import client as client_module
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings

ACME = Queue("acme", concurrency=20)


class Resize(Struct):
    source: str
    width: int = 320


class Image(Struct):
    key: str


@task("acme.resize", queue=ACME)
async def resize(image: Resize) -> Image:
    return Image(f"{image.source}@{image.width}")


@task("acme.once", queue=ACME, unique=True)
async def once(image: Resize) -> Image:
    return Image(image.source)


@task("acme.talk", queue=ACME)
async def talk(text: str, ctx: Context) -> None:
    await ctx.delta(text)


def painter(colours: dict[str, str]) -> str:
    """A plugin's function that is not ready for every input: no plugin declares what it names."""
    return colours["painter"]


@task("acme.paint", queue=ACME, provider=painter)
async def paint(colours: dict[str, str]) -> None:
    pass


class Scan(Struct):
    document: UUID


@task("acme.scan", queue=ACME, upload="document")
async def scan(request: Scan) -> Image:
    return Image(str(request.document))


def acme_catalogue() -> Catalogue:
    acme = Plugin(
        name="acme",
        distribution="penstock-acme",
        version="1",
        queues=[ACME],
        tasks=[resize, once, talk, paint, scan],
    )
    return Catalogue(plugins=[acme])


@pytest.fixture
def environment(redis_url: str, namespace: str, database_url: str, tmp_path: Path):
    return {
        "REDIS_URL": redis_url,
        "DATABASE_URL": database_url,
        "PENSTOCK_NAMESPACE": namespace,
        "PENSTOCK_DATA_DIR": str(tmp_path / "data"),
    }


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the plugin of this file is installed."""
    monkeypatch.setattr(client_module, "discover", list)
    monkeypatch.setattr(client_module, "selected", lambda _: acme_catalogue())


@asynccontextmanager
async def worker(environment: Mapping[str, str], folder: Path) -> AsyncIterator[Application]:
    """A worker of that plugin."""
    stop = asyncio.Event()
    settings = Settings.load(environment, folder)
    async with Application(settings, acme_catalogue()) as application:
        running = asyncio.create_task(application.worker().run(stop))
        try:
            yield application
        finally:
            stop.set()
            await running
