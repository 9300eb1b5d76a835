"""Celery's client."""

from __future__ import annotations

from collections.abc import Sequence

from celery.result import AsyncResult

from benchmarks.peers.celery.tasks import app, noop, pickup
from benchmarks.peers.protocol import BlockingClient, Count, serve


class CeleryClient(BlockingClient):
    distributions = ("celery", "kombu", "redis", "hiredis")

    async def prepare(self) -> None:
        with app.connection_or_acquire() as connection:
            connection.ensure_connection()
        app.backend.client.ping()

    async def close(self) -> None:
        app.close()

    async def enqueue_many(self, numbers: Sequence[int]) -> Sequence[AsyncResult]:
        with app.producer_or_acquire() as producer:
            return [noop.apply_async((number,), producer=producer) for number in numbers]

    def enqueue_blocking(self, number: int) -> AsyncResult:
        return noop.delay(number)

    async def done(self) -> int:
        # Results have a database of their own, and each is one key.
        return app.backend.client.dbsize()

    async def count(self) -> Count:
        completed = failed = waiting = 0
        for number, result in enumerate(self.tasks):
            found = app.backend.get_task_meta(result.id, cache=False)
            if found["status"] == "SUCCESS":
                completed += found["result"] == {"number": number}
            elif found["status"] == "PENDING":
                waiting += 1
            else:
                failed += 1
        return Count(completed=completed, failed=failed, waiting=waiting)

    async def enqueue_pickup(self) -> AsyncResult:
        return pickup.delay()

    async def started(self, task: AsyncResult) -> int | None:
        found = app.backend.get_task_meta(task.id, cache=False)
        return found["result"]["nanoseconds"] if found["status"] == "SUCCESS" else None


if __name__ == "__main__":
    serve(CeleryClient())
