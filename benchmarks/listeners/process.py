"""The API, or a worker, in a process of its own: ``python -m benchmarks.listeners.process api``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import uvicorn

from benchmarks.listeners.plugin import catalogue
from penstock import logs
from penstock.app import Application
from penstock.cli import api, serving
from penstock.settings import Settings


def main(what: str) -> None:
    settings = Settings.load(os.environ, Path.cwd(), plugins=["talk"])
    logs.configure("json", "warning")
    serve = _api if what == "api" else _worker
    with asyncio.Runner(loop_factory=serving.loop_factory()) as runner:
        runner.run(serve(settings))


async def _api(settings: Settings) -> None:
    application = Application(settings, catalogue())
    served = api.build(application, settings, settings.api_key or "")
    config = uvicorn.Config(
        served, port=settings.port, lifespan="on", log_config=None, access_log=False, ws="none"
    )
    await uvicorn.Server(config).serve()


async def _worker(settings: Settings) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Application(settings, catalogue()) as application:
        await application.worker().run(stop)


if __name__ == "__main__":
    main(sys.argv[1])
