"""Workers that run in the process of a test, and what becomes of tasks there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from penstock.app import Application
from penstock.ledger import TaskRecord
from penstock.worker import Worker

_PATIENCE = 60.0


@asynccontextmanager
async def at_work(worker: Worker) -> AsyncIterator[None]:
    """The worker runs meanwhile; on return it has ended."""
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


async def ended(application: Application, task_id: UUID) -> TaskRecord:
    """Wait for the end of a task; returns its row."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            found = await application.dispatch.find(task_id)
            if found is not None and found.finished_at is not None:
                return found
            await asyncio.sleep(0.02)
