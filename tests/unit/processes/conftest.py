"""A pool, and handlers that run in it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from penstock.declarations import SyncTaskType
from penstock.processes.pool import ProcessPool
from penstock.testing import BegunRun, Harness
from tests.services.process_life import is_alive
from tests.services.size_limits import LIMITS
from tests.unit.processes.asking_handlers import Settings
from tests.unit.processes.handlers import Job

Run = Callable[..., Coroutine[Any, Any, Any]]


@pytest.fixture
async def pool() -> AsyncIterator[ProcessPool]:
    pool = ProcessPool(LIMITS)
    yield pool
    await pool.close()


@pytest.fixture
def run(pool: ProcessPool, harness: Harness) -> Run:
    """Run a handler in a process; returns what it returned."""
    harness.settings(Settings(factor=2.5))

    async def run(
        task_type: SyncTaskType[Any, Any],
        value: Any = None,
        begun: BegunRun[Any] | None = None,
        **options: Any,
    ) -> Any:
        text = msgspec.json.encode(Job() if value is None else value).decode()
        context = (begun or harness.begin(task_type)).context
        options = {"plugin": "processes", "timeout": task_type.timeout, **options}
        return msgspec.json.decode(await pool.run(task_type, text, context, **options))

    return run


async def appearance(path: Path) -> str:
    """Wait for a file that another process writes; returns its text."""
    async with asyncio.timeout(20):
        while not path.exists():  # noqa: ASYNC110, ASYNC240  (across processes nothing is awaited)
            await asyncio.sleep(0.01)
    return path.read_text()  # noqa: ASYNC240


async def disappearance(pid: int) -> None:
    """Wait until there is no process of that id, or only its remains."""
    async with asyncio.timeout(20):
        while is_alive(pid):  # noqa: ASYNC110  (as above)
            await asyncio.sleep(0.01)
