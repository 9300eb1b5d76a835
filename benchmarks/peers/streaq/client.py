"""streaQ's client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import uvloop

from benchmarks.peers.protocol import Client, Count, chunks, serve
from benchmarks.peers.streaq.tasks import noop, pickup, worker

_BATCH = 50
"""Results that are asked for at once: each takes a connection."""


class StreaqClient(Client):
    distributions = ("streaq", "coredis", "anyio", "uvloop")

    def __init__(self) -> None:
        super().__init__()
        self._stack = AsyncExitStack()

    async def prepare(self) -> None:
        await self._stack.enter_async_context(worker)
        await worker.queue_size()

    async def close(self) -> None:
        await self._stack.aclose()

    async def enqueue_many(self, numbers: Sequence[int]) -> Sequence[str]:
        tasks = [noop.enqueue(number) for number in numbers]
        await worker.enqueue_many(tasks)
        return [task.id for task in tasks]

    async def enqueue(self, number: int) -> str:
        return (await noop.enqueue(number)).id

    async def done(self) -> int:
        return len(self.tasks) - await worker.queue_size()

    async def count(self) -> Count:
        completed = failed = 0
        for first, tasks in chunks(self.tasks):
            for batch in range(0, len(tasks), _BATCH):
                results = await self._results(tasks[batch : batch + _BATCH])
                for number, result in enumerate(results, first + batch):
                    if result is not None and result.success:
                        completed += result.result == {"number": number}
                    elif result is not None:
                        failed += 1
        return Count(completed=completed, failed=failed, waiting=await worker.queue_size())

    async def enqueue_pickup(self) -> str:
        return (await pickup.enqueue()).id

    async def started(self, task: str) -> int | None:
        result = await self._result(task)
        return None if result is None else result.result["nanoseconds"]

    async def _results(self, tasks: Sequence[str]) -> list[Any]:
        return await asyncio.gather(*(self._result(task) for task in tasks))

    async def _result(self, task: str) -> Any:
        try:
            return await worker.result_by_id(task, timeout=5)
        except TimeoutError:
            return None


if __name__ == "__main__":
    serve(StreaqClient(), uvloop.new_event_loop)
