"""When runs start and end on a worker, as a middleware sees it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from taskiq import TaskiqMessage, TaskiqMiddleware, TaskiqResult


class Meter(TaskiqMiddleware):
    """Counts the runs of a worker.

    Args:
        queues: the queue of each task type.

    Attributes:
        most: how many were on at once, by queue.
        starts: when each began, by queue.
        runs: how often each task began, by its id.
    """

    def __init__(self, queues: Mapping[str, str]) -> None:
        super().__init__()
        self.most: Counter[str] = Counter()
        self.starts: dict[str, list[float]] = defaultdict(list)
        self.runs: Counter[str] = Counter()
        self._queues = queues
        self._running: dict[str, set[str]] = defaultdict(set)
        self._begun: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def begun(self, task_id: str) -> None:
        """Return when a run of the task has begun."""
        await self._begun[task_id].wait()

    def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
        """A run begins."""
        queue = self._queues[message.task_name]
        running = self._running[queue]
        running.add(message.task_id)
        self.starts[queue].append(time.monotonic())
        self.runs[message.task_id] += 1
        self.most[queue] = max(self.most[queue], len(running))
        self._begun[message.task_id].set()
        return message

    def post_execute(self, message: TaskiqMessage, result: TaskiqResult[Any]) -> None:  # noqa: ARG002
        """It has ended."""
        self._running[self._queues[message.task_name]].discard(message.task_id)
