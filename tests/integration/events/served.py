"""The API of an application on a real socket, in this very loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from benchmarks.event_source import EventSource
from penstock.app import Application
from penstock.cli.api import build
from tests.services import find_free_port

KEY = "a-key-for-tests"


class Served:
    def __init__(self, url: str) -> None:
        self.url = url

    def events(self, task_id: object, last_id: str | None = None) -> EventSource:
        url = f"{self.url}/api/queues/tasks/{task_id}/events"
        return EventSource(url, key=KEY, last_id=last_id)


@asynccontextmanager
async def served(application: Application) -> AsyncIterator[Served]:
    port = find_free_port()
    api = build(application, application.settings, KEY)
    config = uvicorn.Config(
        api, port=port, log_config=None, access_log=False, ws="none", lifespan="off"
    )
    server = uvicorn.Server(config)
    # Signals belong to the test.
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110  (uvicorn tells nobody)
        await asyncio.sleep(0.005)
    yield Served(f"http://127.0.0.1:{port}")
    application.hub.let_go()
    server.should_exit = True
    await serving


async def until_followed(application: Application, listeners: int = 1) -> None:
    async with asyncio.timeout(30):
        while application.hub.listeners < listeners:  # noqa: ASYNC110  (nor does the hub)
            await asyncio.sleep(0.005)
