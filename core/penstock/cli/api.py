"""``penstock api``."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
import uvicorn
from litestar import Litestar

from penstock import logs
from penstock.api import SingleKeyAccess, create_api
from penstock.app import Application
from penstock.cli import data_dir, development_key, port, process_settings, serving
from penstock.cli.options import safe_mode_option
from penstock.selected_plugins import described
from penstock.settings import Settings


@click.command()
@safe_mode_option
def api(*, safe_mode: bool) -> None:
    """Serve the HTTP API on PENSTOCK_HOST and PENSTOCK_PORT until SIGTERM or Ctrl-C."""
    # uvicorn stops gracefully, and then raises the signal once more for whoever handled it before.
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    settings = process_settings.load(safe_mode=safe_mode)
    settings.require_access()
    logs.configure(
        settings.log_format,
        settings.log_level,
        max_line_bytes=settings.max_log_line_bytes,
        mask=settings.mask,
    )
    data_dir.prepare(settings.data_dir)
    port.require_free(settings.host, settings.port)
    key = settings.api_key or development_key.ensure(settings.data_dir)
    settings.mask.add([key])
    application = Application(settings, serving.installed_plugins(settings))
    server = _Server(
        application,
        uvicorn.Config(
            build(application, settings, key),
            host=settings.host,
            port=settings.port,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=round(settings.drain.total_seconds()),
        ),
    )
    with asyncio.Runner(loop_factory=serving.loop_factory()) as runner:
        runner.run(serving.check_redis(application.servers))
        runner.run(serving.check_database(application.ownership))
        runner.run(server.serve())
    # uvicorn has logged why it could not start.
    sys.exit(0 if server.started else 1)


class _Server(uvicorn.Server):
    """Lets those who follow tasks go before it waits for all answers to end: theirs would not."""

    def __init__(self, application: Application, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._application = application

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        self._application.hub.let_go()
        await super().shutdown(sockets)


def build(application: Application, settings: Settings, key: str) -> Litestar:
    """The API of ``application``, for whoever knows ``key``; its lifespan is the application's."""

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with application:
            serving.settle_memory()
            yield

    return create_api(
        application,
        access=SingleKeyAccess(key),
        max_body_bytes=settings.max_body_bytes,
        max_upload_bytes=settings.max_upload_bytes,
        max_wait=settings.max_wait,
        plugins=described(application.catalogue),
        lifespan=[lifespan],
    )


def _leave(number: int, _: object) -> None:
    del number
    sys.exit(0)
