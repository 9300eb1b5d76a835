"""``penstock worker``."""

import asyncio
import signal

import click

from penstock import logs
from penstock.app import Application
from penstock.cli import data_dir, process_settings, serving
from penstock.cli.options import Names, safe_mode_option
from penstock.settings import Settings


@click.command()
@click.option("--queues", type=Names(), default=(), help="Only these: ai,video.  [default: all]")
@safe_mode_option
def worker(*, queues: tuple[str, ...], safe_mode: bool) -> None:
    """Run tasks until SIGTERM or Ctrl-C; then finish those that run, and exit 0."""
    settings = process_settings.load(safe_mode=safe_mode)
    logs.configure(
        settings.log_format,
        settings.log_level,
        max_line_bytes=settings.max_log_line_bytes,
        mask=settings.mask,
    )
    data_dir.prepare(settings.data_dir)
    with asyncio.Runner(loop_factory=serving.loop_factory()) as runner:
        runner.run(_run(settings, queues))


async def _run(settings: Settings, queues: tuple[str, ...]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    application = Application(settings, serving.installed_plugins(settings))
    await serving.check_redis(application.servers)
    await serving.check_database(application.ownership)
    async with application:
        running = application.worker(queues)
        serving.settle_memory()
        await running.run(stop)
