"""The submitting side: what an application or the API does, without HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import msgspec

from benchmarks.peers.penstock import installation
from benchmarks.peers.penstock.plugin import NOOP, PICKUP, QUEUE, Moment
from benchmarks.peers.penstock.profiling import profiled
from benchmarks.peers.protocol import Client, Count, serve
from penstock import logs
from penstock.app import Application
from penstock.cli import serving
from penstock.dispatch import Submission
from penstock.ledger.migrate import upgrade_async

_PATIENCE = 600.0
_USERS = 10


class PenstockClient(Client):
    distributions = ("penstock", "taskiq", "redis", "SQLAlchemy", "asyncpg", "uvloop")

    def __init__(self) -> None:
        super().__init__()
        self._stack = AsyncExitStack()
        self._opened: Application | None = None

    @property
    def _application(self) -> Application:
        if self._opened is None:
            raise RuntimeError("not connected: ask to prepare first")
        return self._opened

    async def prepare(self) -> None:
        settings = installation.settings()
        await upgrade_async(settings.database_url)
        self._opened = await self._stack.enter_async_context(installation.application())
        await installation.until_open(self._opened)

    async def close(self) -> None:
        await self._stack.aclose()

    async def enqueue_many(self, numbers: Sequence[int]) -> Sequence[Any]:
        submitted = await self._application.dispatch.submit_all(
            [_submission(number) for number in numbers]
        )
        return [each.task.id for each in submitted]

    async def enqueue(self, number: int) -> UUID:
        return (await self._application.dispatch.submit(_submission(number))).id

    async def settle(self) -> None:
        """Accepted is what the ledger has; workers look into Redis, which has it a moment later."""
        async with asyncio.timeout(_PATIENCE):
            while await self._open() < len(self.tasks):  # noqa: ASYNC110 - it is in Redis
                await asyncio.sleep(0.001)

    async def done(self) -> int:
        return len(self.tasks) - await self._open()

    async def count(self) -> Count:
        if installation.IS_WITHOUT_LEDGER:
            done = await self.done()
            return Count(completed=done, failed=0, waiting=len(self.tasks) - done)
        ended = (await self._application.ledger.ended_counts())[QUEUE]
        return Count(
            completed=ended.completed,
            failed=ended.failed + ended.cancelled,
            waiting=await self._open(),
        )

    async def enqueue_pickup(self) -> UUID:
        record = await self._application.dispatch.submit(Submission(PICKUP, '{"number":0}'))
        return record.id

    async def started(self, task: UUID) -> int | None:
        found = await self._application.dispatch.find(task)
        if found is None or found.result is None:
            return None
        return msgspec.json.decode(found.result, type=Moment).nanoseconds

    def counters(self) -> Mapping[str, float]:
        return installation.counters(self._application)

    async def _open(self) -> int:
        counts = (await self._application.engine.counts([QUEUE]))[QUEUE]
        return counts.waiting + counts.active + counts.delayed


def _submission(number: int) -> Submission:
    user = f"user-{number % _USERS}" if installation.HAS_LIMITS else None
    return Submission(NOOP, f'{{"number":{number}}}', user_id=user)


if __name__ == "__main__":
    logs.configure("console", "warning")
    with profiled(installation.profile("client")):
        serve(PenstockClient(), serving.loop_factory())
