"""Looking into ledger and engine while things run, past the proxies."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from penstock.engine import Member
from penstock.engine.keys import QueueKeys
from tests.chaos.evidence import QUEUES, Misplaced
from tests.chaos.world import NAMESPACE, World

_INTERVAL = 0.15
_TIMEOUT = 1.0
_RUNNING = "SELECT id, user_id, queue, run FROM task WHERE status = 'running'"
# Where a task may be, in an engine that has these.
_SORTED_SETS = ("waiting", "delayed", "leases", "parked")

_Running = Mapping[Member, tuple[str, int]]


class Sampler:
    """Notes tasks that are running in two looks at the ledger, and nowhere in the engine between.

    Such a task is acknowledged before its outcome is committed, or was lost by the engine.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self.misplaced: list[Misplaced] = []
        self.looks = 0
        """How often it looked at both in full."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Return once the last look is over.

        Raises:
            RuntimeError: it stopped looking long ago.
        """
        if not self._thread.is_alive():
            raise RuntimeError(f"the sampler died after {self.looks} looks; its traceback is above")
        self._stopping.set()
        self._thread.join(10 * _TIMEOUT)

    def _run(self) -> None:
        asyncio.run(self._watch())

    async def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._look_until_it_breaks()
            # Servers are away at times, in the middle of an answer too: that is the point.
            except (
                OSError,
                RedisError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                asyncpg.InternalClientError,
            ):
                await asyncio.sleep(_INTERVAL)

    async def _look_until_it_breaks(self) -> None:
        async with Redis.from_url(
            self._world.redis.url,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            protocol=2,
        ) as redis:
            database = await asyncpg.connect(
                self._world.dsn, timeout=_TIMEOUT, command_timeout=_TIMEOUT
            )
            try:
                while not self._stopping.is_set():
                    await self._look(database, redis)
                    await asyncio.sleep(_INTERVAL)
            finally:
                database.terminate()

    async def _look(self, database: asyncpg.Connection[Any], redis: Redis) -> None:
        began = time.time_ns()
        before = await _running(database)
        missing = await _missing(redis, before)
        still = await _running(database) if missing else {}
        ended = time.time_ns()
        self.looks += 1
        self.misplaced += [
            Misplaced(task_id=each.id, queue=queue, run=run, began=began, ended=ended)
            for each in missing
            for queue, run in [before[each]]
            if still.get(each) == (queue, run)
        ]


async def _running(database: asyncpg.Connection[Any]) -> _Running:
    rows = await database.fetch(_RUNNING)
    return {
        Member(each["id"], each["user_id"] or ""): (each["queue"], each["run"]) for each in rows
    }


async def _missing(redis: Redis, running: _Running) -> Sequence[Member]:
    by_queue: dict[str, list[Member]] = defaultdict(list)
    for member, (queue, _) in running.items():
        by_queue[queue].append(member)
    found: list[Member] = []
    for queue, members in by_queue.items():
        if queue in QUEUES:
            found += await _missing_in_queue(redis, queue, members)
    return found


async def _missing_in_queue(
    redis: Redis, queue: str, members: Sequence[Member]
) -> Sequence[Member]:
    keys = QueueKeys.of(NAMESPACE, queue)._asdict()
    names = [each.encode() for each in members]
    # One transaction: a task that moves on between two commands is not missing.
    pipeline: Any = redis.pipeline(transaction=True)
    for name in _SORTED_SETS:
        if name in keys:
            pipeline.zmscore(keys[name], names)
    pipeline.hmget(keys["entry"], names)
    answers = await pipeline.execute()
    return [
        each
        for each, *places in zip(members, *answers, strict=True)
        if all(place is None for place in places)
    ]
