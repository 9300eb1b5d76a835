"""The protocol of README.md for clients written in Python; standard library only."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypedDict

CHUNK = 1000
"""Tasks in one bulk call."""
_PAUSE = 0.02
_WARM_UP = 20
_PATIENCE = 60.0


class Count(TypedDict):
    """What became of the tasks."""

    completed: int
    failed: int
    waiting: int


class Client(ABC):
    """What a peer's client does; one instance per process, all on one event loop."""

    distributions: tuple[str, ...] = ()
    """Whose versions are told."""

    def __init__(self) -> None:
        self.tasks: list[Any] = []
        """All that was enqueued, as the peer names it: task ``i`` has the number ``i``."""

    @abstractmethod
    async def prepare(self) -> None:
        """Connect, and make what an empty server must have."""

    async def close(self) -> None:  # noqa: B027 - not everybody has something to close
        """Disconnect."""

    @abstractmethod
    async def enqueue_many(self, numbers: Sequence[int]) -> Sequence[Any]:
        """Enqueue up to ``CHUNK`` tasks in the peer's best way; return their names."""

    @abstractmethod
    async def enqueue(self, number: int) -> Any:
        """Enqueue one task; return its name."""

    @abstractmethod
    async def done(self) -> int:
        """How many of the tasks are finished."""

    @abstractmethod
    async def count(self) -> Count:
        """What became of the tasks."""

    @abstractmethod
    async def enqueue_pickup(self) -> Any:
        """Enqueue a task that returns the moment when it was started; return its name."""

    @abstractmethod
    async def started(self, task: Any) -> int | None:
        """The result of such a task, if it is there."""

    def counters(self) -> Mapping[str, float]:
        """What the peer itself counted so far, by name."""
        return {}

    async def settle(self) -> None:  # noqa: B027 - for most, accepted is where it is looked for
        """Return once all that was enqueued is where workers look for it."""

    # -- what they all have in common ------------------------------------------------------------

    async def enqueue_bulk(self, tasks: int) -> None:
        first = len(self.tasks)
        for start in range(first, first + tasks, CHUNK):
            numbers = range(start, min(start + CHUNK, first + tasks))
            self.tasks += await self.enqueue_many(numbers)
        await self.settle()

    async def enqueue_by_callers(self, tasks: int, callers: int) -> None:
        first = len(self.tasks)
        numbers = iter(range(first, first + tasks))
        self.tasks += [None] * tasks

        async def call() -> None:
            for number in numbers:
                self.tasks[number] = await self.enqueue(number)

        await asyncio.gather(*(call() for _ in range(callers)))
        await self.settle()

    async def pick_up(self, times: int) -> list[dict[str, int]]:
        # The first ones find cold caches, or a worker that is still starting.
        await self._pick_up(_WARM_UP)
        return await self._pick_up(times)

    async def _pick_up(self, times: int) -> list[dict[str, int]]:
        sent = []
        for _ in range(times):
            called = time.monotonic_ns()
            task = await self.enqueue_pickup()
            sent.append((task, called, time.monotonic_ns()))
            await asyncio.sleep(_PAUSE)
        return [
            {"called": called, "returned": returned, "started": await self._until_started(task)}
            for task, called, returned in sent
        ]

    async def _until_started(self, task: Any) -> int:
        async with asyncio.timeout(_PATIENCE):
            while True:
                started = await self.started(task)
                if started is not None:
                    return started
                await asyncio.sleep(0.005)

    async def _timed(self, work: Awaitable[None]) -> dict[str, Any]:
        before = self.counters()
        start = time.perf_counter()
        await work
        seconds = time.perf_counter() - start
        after = self.counters()
        return {
            "seconds": seconds,
            "counters": {name: after[name] - before[name] for name in after},
        }

    async def answer(self, command: dict[str, Any]) -> Any:
        """Do what is asked for."""
        found: Any
        match command:
            case {"do": "prepare"}:
                await self.prepare()
                found = {}
            case {"do": "versions"}:
                found = versions(self.distributions)
            case {"do": "enqueue_bulk", "tasks": tasks}:
                found = await self._timed(self.enqueue_bulk(tasks))
            case {"do": "enqueue_by_callers", "tasks": tasks, "callers": callers}:
                found = await self._timed(self.enqueue_by_callers(tasks, callers))
            case {"do": "progress"}:
                found = {"done": await self.done()}
            case {"do": "count"}:
                found = await self.count()
            case {"do": "pick_up", "times": times}:
                found = await self.pick_up(times)
            case _:
                raise ValueError(f"expected a command of benchmarks/peers/README.md, got {command}")
        return found


class BlockingClient(Client):
    """For libraries that block: their callers are threads."""

    @abstractmethod
    def enqueue_blocking(self, number: int) -> Any:
        """Enqueue one task; return its name."""

    async def enqueue(self, number: int) -> Any:
        return self.enqueue_blocking(number)

    async def enqueue_by_callers(self, tasks: int, callers: int) -> None:
        first = len(self.tasks)
        numbers = iter(range(first, first + tasks))
        self.tasks += [None] * tasks

        def call() -> None:
            for number in numbers:
                self.tasks[number] = self.enqueue_blocking(number)

        with ThreadPoolExecutor(callers) as threads:
            for each in [threads.submit(call) for _ in range(callers)]:
                each.result()


def chunks(tasks: Sequence[Any]) -> Iterator[tuple[int, Sequence[Any]]]:
    """All tasks, ``CHUNK`` at a time, each with the number of its first one."""
    for first in range(0, len(tasks), CHUNK):
        yield first, tasks[first : first + CHUNK]


def versions(distributions: Sequence[str]) -> dict[str, str]:
    """The versions of those that are installed, and Python's."""
    found = {"Python": ".".join(str(part) for part in sys.version_info[:3])}
    for each in distributions:
        with suppress(PackageNotFoundError):
            found[each] = version(each)
    return found


def serve(
    client: Client, loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
) -> None:
    """Answer commands until there are no more."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(_serve(client))


async def _serve(client: Client) -> None:
    try:
        # The loop stays free meanwhile for what a library does in the background.
        while line := await asyncio.to_thread(sys.stdin.readline):
            sys.stdout.write(json.dumps(await client.answer(json.loads(line))) + "\n")
            sys.stdout.flush()
    finally:
        await client.close()
