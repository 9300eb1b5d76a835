"""SAQ's client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import uvloop
from saq.job import Status

from benchmarks.peers.protocol import Client, Count, chunks, serve
from benchmarks.peers.saq.tasks import queue

_NO_SWEEP = 3600  # seconds


class SaqClient(Client):
    distributions = ("saq", "redis", "hiredis", "uvloop")

    async def prepare(self) -> None:
        await queue.connect()
        # A sweep takes a job that was dequeued a moment ago for a stuck one, and a worker that
        # starts on a backlog sweeps while it has a hundred of those: it would run them twice, and
        # lose a result now and then. This one finds nothing, and holds the others off.
        await queue.sweep(lock=_NO_SWEEP)

    async def close(self) -> None:
        await queue.disconnect()

    async def enqueue_many(self, numbers: Sequence[int]) -> Sequence[str]:
        return await asyncio.gather(*(self.enqueue(number) for number in numbers))

    async def enqueue(self, number: int) -> str:
        job = await queue.enqueue("noop", number=number)
        return job.key

    async def done(self) -> int:
        return len(self.tasks) - await queue.count("incomplete")

    async def count(self) -> Count:
        completed = failed = 0
        for first, keys in chunks(self.tasks):
            for number, job in enumerate(await queue.jobs(keys), first):
                if job is not None and job.status == Status.COMPLETE:
                    completed += job.result == {"number": number}
                elif job is not None and job.status in {Status.FAILED, Status.ABORTED}:
                    failed += 1
        return Count(completed=completed, failed=failed, waiting=await queue.count("incomplete"))

    async def enqueue_pickup(self) -> str:
        job = await queue.enqueue("pickup")
        return job.key

    async def started(self, task: str) -> int | None:
        job = await queue.job(task)
        return None if job.status != Status.COMPLETE else job.result["nanoseconds"]


if __name__ == "__main__":
    serve(SaqClient(), uvloop.new_event_loop)
