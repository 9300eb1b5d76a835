"""Penstock as the orchestrator's environment variables ask for it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from benchmarks.peers.penstock import no_ledger
from benchmarks.peers.penstock.plugin import QUEUE, catalogue
from penstock.app import Application
from penstock.engine import EngineUnavailableError
from penstock.settings import Settings

IS_WITHOUT_LEDGER = "--no-ledger" in sys.argv
HAS_LIMITS = "--limits" in sys.argv
_LOOK = 0.02
_PATIENCE = 60.0


def settings() -> Settings:
    """For the servers of this round; SQLite if there is no PostgreSQL."""
    folder = Path(os.environ["BENCH_FOLDER"])
    environment = {
        "REDIS_URL": os.environ["BENCH_REDIS_URL"],
        "DATABASE_URL": os.environ.get("BENCH_POSTGRESQL_URL", f"sqlite:///{folder}/ledger.db"),
        "PENSTOCK_DATA_DIR": str(folder / "data"),
        "PENSTOCK_NAMESPACE": "bench",
        "PENSTOCK_LOG_LEVEL": os.environ["BENCH_LOG_LEVEL"],
    }
    return Settings.load(environment, folder)


def application() -> Application:
    """With the bench plugin; with ``--no-ledger`` its ledger does nothing.

    With ``--limits`` its queue has limits, and tasks have users.
    """
    plugins = catalogue(int(os.environ["BENCH_CONCURRENCY"]), with_limits=HAS_LIMITS)
    of = Application(settings(), plugins)
    if IS_WITHOUT_LEDGER:
        no_ledger.silence(of.ledger)
    return of


def counters(of: Application) -> dict[str, float]:
    """What one process sent to its servers.

    SQL statements without the BEGIN and COMMIT around them; calls to Redis, whatever the number of
    commands in one.
    """
    return {
        "SQL statements": of.ledger.database.statements,
        "Redis calls": of.engine.round_trips,
    }


async def until_open(of: Application) -> None:
    """Return once the queue has its index in Redis, and both servers were spoken to."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            try:
                await of.engine.epoch(QUEUE)
            except EngineUnavailableError:
                await asyncio.sleep(_LOOK)
            else:
                break
    await of.ledger.ping()


def profile(name: str) -> Path | None:
    """Where to write cProfile's statistics of this process, if they are wanted."""
    folder = os.environ.get("BENCH_PROFILE")
    return None if folder is None else Path(folder) / f"{name}-{os.getpid()}.prof"
