"""What is seen on real services alone: limits that the cluster keeps, and the way through JSON."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from taskiq import TaskiqMessage, TaskiqMiddleware, TaskiqResult

from penstock.client import TaskHandle
from penstock.client.errors import TaskFailedError
from penstock.declarations import Queue
from penstock.testing.contract.outputs import shown
from penstock.testing.contract.trial import Trial
from penstock.testing.services import RealServices

_MOST = 6
# A start is measured a little after Redis has allowed it.
_LATENESS = 0.1


class Meter(TaskiqMiddleware):
    """When runs start, and how many are on at once, by queue."""

    def __init__(self, queues: dict[str, str]) -> None:
        super().__init__()
        self._queues = queues
        self._running: dict[str, int] = defaultdict(int)
        self.most: dict[str, int] = defaultdict(int)
        self.starts: dict[str, list[float]] = defaultdict(list)

    def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
        """A run begins."""
        queue = self._queues[message.task_name]
        self.starts[queue].append(time.monotonic())
        self._running[queue] += 1
        self.most[queue] = max(self.most[queue], self._running[queue])
        return message

    def post_execute(self, message: TaskiqMessage, result: TaskiqResult[Any]) -> None:  # noqa: ARG002
        """It has ended."""
        self._running[self._queues[message.task_name]] -= 1


async def faults(trials: Sequence[Trial], services: RealServices) -> Iterator[str]:
    """What goes wrong when the examples run by the number, on a worker."""
    meter = Meter({each.task_type.name: each.task_type.queue.name for each in trials})
    services.add_middlewares(meter)
    found: list[str] = []
    async with services:
        submitted: list[tuple[Trial, Any, TaskHandle[Any]]] = []
        for trial, value in _enough(trials):
            handle = await services.client.submit(trial.task_type, value, unique=False)
            submitted.append((trial, value, handle))
        ends = [each.result() for _, _, each in submitted]
        results = await asyncio.gather(*ends, return_exceptions=True)
    for (trial, value, _), result in zip(submitted, results, strict=True):
        if isinstance(result, TaskFailedError):
            found.append(
                f"{trial.what} failed on a real worker for {shown(value)}, though not in memory: "
                f"{result}"
            )
        elif isinstance(result, BaseException):
            raise result
    for queue in {each.task_type.queue.name: each.task_type.queue for each in trials}.values():
        found += _limits(trials[0].who, queue, meter)
    return iter(found)


def _enough(trials: Sequence[Trial]) -> Iterator[tuple[Trial, Any]]:
    """Each task type at least once, and each queue to its limits."""
    by_queue: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        by_queue[trial.task_type.queue.name].append(trial)
    for each in by_queue.values():
        number = max(len(each), _number(each[0].task_type.queue))
        for count in range(number):
            trial = each[count % len(each)]
            yield trial, trial.inputs[count // len(each) % len(trial.inputs)]


def _number(queue: Queue) -> int:
    """Enough to be at the limits of the queue, where that is soon."""
    rate = queue.rate_limit
    at_rate = rate.limit + 1 if rate is not None and rate.limit <= _MOST else 0
    return max(min(queue.concurrency + 1, _MOST), at_rate)


def _limits(who: str, queue: Queue, meter: Meter) -> Iterator[str]:
    most = meter.most[queue.name]
    if most > queue.concurrency:
        yield (
            f"{most} tasks of queue {queue.name!r} of {who} ran at once in one worker, expected at "
            f"most {queue.concurrency}"
        )
    rate = queue.rate_limit
    if rate is None:
        return
    starts = sorted(meter.starts[queue.name])
    gaps = [later - earlier for earlier, later in zip(starts, starts[rate.limit :], strict=False)]
    period = rate.period.total_seconds()
    if gaps and min(gaps) < period - _LATENESS:
        yield (
            f"{rate.limit + 1} tasks of queue {queue.name!r} of {who} started within "
            f"{min(gaps):.3f} s, expected at most {rate.limit} in {period:g} s"
        )
