"""taskiq's client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import uvloop
from redis.asyncio import Redis
from taskiq.exceptions import ResultGetError

from benchmarks.peers.protocol import Client, Count, chunks, serve
from benchmarks.peers.taskiq.tasks import broker, noop, pickup, results


class TaskiqClient(Client):
    distributions = ("taskiq", "taskiq-redis", "redis", "hiredis", "uvloop", "orjson")

    async def prepare(self) -> None:
        await broker.startup()

    async def close(self) -> None:
        await broker.shutdown()

    async def enqueue_many(self, numbers: Sequence[int]) -> Sequence[str]:
        return await asyncio.gather(*(self.enqueue(number) for number in numbers))

    async def enqueue(self, number: int) -> str:
        return (await noop.kiq(number)).task_id

    async def done(self) -> int:
        group = await self._group()
        # A task is acknowledged once its result is stored.
        return (group["entries-read"] or 0) - group["pending"]

    async def count(self) -> Count:
        completed = failed = 0
        for first, tasks in chunks(self.tasks):
            for number, result in enumerate(await self._results(tasks), first):
                if result is not None and not result.is_err:
                    completed += result.return_value == {"number": number}
                elif result is not None:
                    failed += 1
        group = await self._group()
        waiting = len(self.tasks) - (group["entries-read"] or 0) + group["pending"]
        return Count(completed=completed, failed=failed, waiting=waiting)

    async def enqueue_pickup(self) -> str:
        return (await pickup.kiq()).task_id

    async def started(self, task: str) -> int | None:
        if not await results.is_result_ready(task):
            return None
        return (await results.get_result(task)).return_value["nanoseconds"]

    async def _results(self, tasks: Sequence[str]) -> Sequence[object]:
        async def result(task: str) -> object:
            try:
                return await results.get_result(task)
            except ResultGetError:
                return None

        return await asyncio.gather(*(result(task) for task in tasks))

    async def _group(self) -> dict[str, int]:
        async with Redis(connection_pool=broker.connection_pool) as redis:
            return (await redis.xinfo_groups(broker.queue_name))[0]


if __name__ == "__main__":
    serve(TaskiqClient(), uvloop.new_event_loop)
