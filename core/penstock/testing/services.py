"""A whole installation in this process: real Redis, real database, API and worker."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from taskiq import TaskiqMiddleware

from penstock.app import Application
from penstock.cli import api
from penstock.client import Client
from penstock.embedded import EmbeddedRedis
from penstock.ledger.migrate import upgrade_async
from penstock.plugins import Catalogue, discover
from penstock.selected_plugins import loaded
from penstock.settings import Settings

_URL = "http://penstock.test"
_DRAIN = "5"


class RealServices:
    """An installation of its own; an asynchronous context manager.

    ::

        async def test_it_resizes(penstock_services: RealServices) -> None:
            handle = await penstock_services.client.submit(resize, Resize(source="a.png"))
            assert (await handle.result()).key == "a.png@320"

    Every part is the one of production, and time passes as it does; only that API, worker and test
    share a process, so that the worker's asyncio handlers can be looked at, and see the objects of
    the test.

    Args:
        plugins: the names of those that are installed here; all of this environment if left out.
        catalogue: what they declare, instead of loading them.
        environ: settings, as in the environment of a process.
        redis_url: a server to use, within a namespace of its own; one is started if left out.
        database_url: an empty database of the tests' own; a file of SQLite if left out.
        template: a migrated file of SQLite, to be copied.

    Attributes:
        client: submits tasks, and looks at them.
        http: a client of the API, with its key.
        application: what both are made of.
    """

    client: Client
    http: httpx.AsyncClient
    application: Application

    def __init__(
        self,
        *,
        plugins: Collection[str] | None = None,
        catalogue: Catalogue | None = None,
        environ: Mapping[str, str] | None = None,
        redis_url: str | None = None,
        database_url: str | None = None,
        template: Path | None = None,
    ) -> None:
        self._plugins = plugins
        self._catalogue = catalogue
        self._environ = environ or {}
        self._redis_url = redis_url
        self._database_url = database_url
        self._template = template
        self._middlewares: list[TaskiqMiddleware] = []
        self._stack = AsyncExitStack()

    def add_middlewares(self, *middlewares: TaskiqMiddleware) -> None:
        """Add taskiq middlewares to the worker, before this is entered."""
        self._middlewares += middlewares

    async def __aenter__(self) -> Self:
        """Start everything; on return the worker asks for tasks.

        Raises:
            EmbeddedServerError: there is no server to start.
            SettingsError: the settings cannot be honoured.
        """
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop everything, and remove its files."""
        await self._stack.aclose()

    async def _start(self) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="penstock-services-")
        folder = Path(self._stack.enter_context(temporary))
        key = secrets.token_hex()
        environ = {
            "REDIS_URL": self._redis_url or self._start_redis(folder / "redis"),
            "DATABASE_URL": await self._database(folder),
            "PENSTOCK_API_KEY": key,
            "PENSTOCK_NAMESPACE": f"test-{secrets.token_hex(6)}",
            "PENSTOCK_DRAIN_SECONDS": _DRAIN,
            **self._environ,
        }
        catalogue = self._catalogue or self._load()
        names = [each.name for each in catalogue.plugins]
        settings = Settings.load(environ, folder, plugins=names)
        self.application = Application(settings, catalogue)
        # The database may be one that earlier tests left.
        await self.application.ownership.take()
        await self._stack.enter_async_context(self.application)
        await self._start_worker()
        self.client = _OpenClient(self.application)
        built: Any = api.build(self.application, settings, key)
        transport = httpx.ASGITransport(built)
        headers = {"Authorization": f"Bearer {key}"}
        http = httpx.AsyncClient(transport=transport, base_url=_URL, headers=headers)
        self.http = await self._stack.enter_async_context(http)

    def _start_redis(self, folder: Path) -> str:
        server = self._stack.enter_context(EmbeddedRedis(folder))
        return server.url

    async def _database(self, folder: Path) -> str:
        if self._database_url is not None:
            await upgrade_async(self._database_url)
            return self._database_url
        path = folder / "ledger.db"
        url = f"sqlite+aiosqlite:///{path}"
        if self._template is None:
            await upgrade_async(url)
        else:
            shutil.copyfile(self._template, path)
        return url

    def _load(self) -> Catalogue:
        found = discover()
        if self._plugins is not None:
            found = [each for each in found if each.name in self._plugins]
        return loaded(found)

    async def _start_worker(self) -> None:
        worker = self.application.worker()
        worker.add_middlewares(*self._middlewares)
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop), name="worker")

        async def end() -> None:
            stop.set()
            await running

        self._stack.push_async_callback(end)


class _OpenClient(Client):
    """A client over an application that somebody else opens and closes."""

    def __init__(self, application: Application) -> None:
        super().__init__()
        self._application = application
