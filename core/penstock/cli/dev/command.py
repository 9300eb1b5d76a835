"""The command itself: what is started, in which order, and with which settings."""

import asyncio
import os
import signal
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import click

from penstock.cli import data_dir, development_key, port, process_settings, serving
from penstock.cli.dev import readiness, welcome
from penstock.cli.dev.child import Child, penstock
from penstock.cli.dev.supervisor import Supervisor
from penstock.cli.messages import people, say
from penstock.cli.options import safe_mode_option
from penstock.configuration import configured
from penstock.embedded import EmbeddedRedis
from penstock.engine import RedisServers
from penstock.selected_plugins import selected
from penstock.settings import Settings

# A worker that was told to stop waits PENSTOCK_DRAIN_SECONDS for its tasks and then writes down
# how they ended; it is killed only if that takes far too long.
_AFTER_DRAIN = timedelta(seconds=5)
_COLOURS = {"migrate": "yellow", "api": "cyan", "worker": "magenta"}
_NAME_WIDTH = max(map(len, _COLOURS))
_REDIS_CHECKED_EVERY = timedelta(seconds=0.5)


@click.command()
@safe_mode_option
def dev(*, safe_mode: bool) -> None:
    """Start everything on this machine: API, workers, and the services they need.

    Redis is embedded unless REDIS_URL is set; the database is an SQLite file unless DATABASE_URL
    is set. Data are kept in PENSTOCK_DATA_DIR (.penstock). Ctrl-C stops it all.
    """
    # Until the supervisor takes over, SIGTERM unwinds like Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = process_settings.load(safe_mode=safe_mode)
    settings.require_access()
    # The children would find the same fault, each for itself and after the database was migrated.
    configured(settings, selected(settings))
    data_dir.prepare(settings.data_dir)
    try:
        sys.exit(_run(settings))
    except KeyboardInterrupt:
        sys.exit(0)


def _run(settings: Settings) -> int:
    with ExitStack() as stack:
        redis: EmbeddedRedis | None = None
        redis_url = settings.redis_url
        if redis_url is None:
            # Before the port is looked at: a second `penstock dev` shall hear of the first one,
            # not of its port.
            redis = stack.enter_context(EmbeddedRedis(settings.data_dir))
            redis_url = redis.url
        port.require_free(settings.host, settings.port)
        key = settings.api_key or development_key.ensure(settings.data_dir)
        environ = _environ(settings, redis_url, key)
        return asyncio.run(_supervise(settings, environ, redis, key))


def _environ(settings: Settings, redis_url: str, key: str) -> dict[str, str]:
    """What the children are told on top of what this process was told."""
    colours = {"FORCE_COLOR": "1"} if sys.stdout.isatty() else {}
    return {
        **colours,
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "REDIS_URL": redis_url,
        "DATABASE_URL": settings.database_url,
        "PENSTOCK_DATA_DIR": str(settings.data_dir),
        "PENSTOCK_API_KEY": key,
        "PENSTOCK_SAFE_MODE": str(settings.safe_mode),
    }


async def _supervise(
    settings: Settings, environ: dict[str, str], redis: EmbeddedRedis | None, key: str
) -> int:
    supervisor = Supervisor(grace=settings.drain + _AFTER_DRAIN, say=say)

    async def announce() -> None:
        await readiness.healthy(settings.own_url, say)
        welcome.show(people(), url=settings.own_url, key=None if settings.api_key else key)

    def child(name: str, *arguments: str) -> Child:
        return Child(name, penstock(*arguments), environ, _write)

    if redis is None:
        # Every child would find the same, after the database was migrated.
        await serving.check_redis(RedisServers(environ["REDIS_URL"]))
    with supervisor.signals():
        if not await supervisor.complete(child("migrate", "db", "upgrade")):
            return 0 if supervisor.stopped else 1
        return await supervisor.keep(
            [child("api", "api"), child("worker", "worker")],
            meanwhile=announce(),
            also=[_end_of(redis)] if redis is not None else [],
        )


async def _end_of(redis: EmbeddedRedis) -> str:
    # Polled: nothing else may wait for the process, which belongs to `redis`.
    while redis.pid is not None:  # noqa: ASYNC110
        await asyncio.sleep(_REDIS_CHECKED_EVERY.total_seconds())
    return f"redis (the embedded server) ended; its log is {redis.log_path}"


def _write(name: str, line: str) -> None:
    prefix = click.style(f"{name:<{_NAME_WIDTH}} │", fg=_COLOURS.get(name))
    try:
        click.echo(f"{prefix} {line}")
    except BrokenPipeError:
        # Nobody reads any more; the children go on until somebody stops them.
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
