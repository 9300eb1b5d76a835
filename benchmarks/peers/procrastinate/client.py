"""procrastinate's client."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.peers.procrastinate.tasks import app, noop, pickup
from benchmarks.peers.protocol import Client, Count, serve


class ProcrastinateClient(Client):
    distributions = ("procrastinate", "psycopg", "psycopg-binary")

    def __init__(self) -> None:
        super().__init__()
        self._stack = AsyncExitStack()
        self._folder = Path(os.environ["BENCH_FOLDER"])
        self._numbers = itertools.count()

    async def prepare(self) -> None:
        await self._stack.enter_async_context(app.open_async())
        await app.schema_manager.apply_schema_async()

    async def close(self) -> None:
        await self._stack.aclose()

    async def enqueue_many(self, numbers: Sequence[int]) -> Sequence[int]:
        return await noop.batch_defer_async(*({"number": number} for number in numbers))

    async def enqueue(self, number: int) -> int:
        return await noop.defer_async(number=number)

    async def done(self) -> int:
        counts = await self._counts()
        return counts["succeeded"] + counts["failed"]

    async def count(self) -> Count:
        counts = await self._counts()
        return Count(
            completed=counts["succeeded"],
            failed=counts["failed"] + counts["cancelled"] + counts["aborted"],
            waiting=counts["todo"] + counts["doing"],
        )

    async def enqueue_pickup(self) -> Path:
        number = next(self._numbers)
        await pickup.defer_async(number=number)
        return self._folder / f"pickup-{number}"

    async def started(self, task: Path) -> int | None:
        return int(task.read_text()) if task.exists() else None  # noqa: ASYNC240

    async def _counts(self) -> dict[str, int]:
        tasks = await app.job_manager.list_tasks_async(task=noop.name)
        return next(iter(tasks))


if __name__ == "__main__":
    serve(ProcrastinateClient())
