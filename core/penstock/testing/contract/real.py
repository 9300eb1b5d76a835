"""What is seen on real services alone: limits that the cluster keeps, and a worker's own ways."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from penstock.client import TaskHandle
from penstock.client.errors import TaskFailedError
from penstock.declarations import Priority, Queue
from penstock.engine import Entry, Member
from penstock.testing.contract.meter import Meter
from penstock.testing.contract.outputs import shown
from penstock.testing.contract.trial import Trial
from penstock.testing.services import RealServices

_MOST = 6
# A start is measured a little after Redis has allowed it.
_LATENESS = 0.1
# What a busy machine takes to start one more.
_LONG_ENOUGH = 0.3
# From a cancel to the worker that hears of it, on a busy machine.
_WAY = timedelta(seconds=2)


async def faults(
    trials: Sequence[Trial], services: RealServices, *, grace: timedelta
) -> Iterator[str]:
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
                    f"{trial.what} failed on a real worker for {shown(value)}, though not in "
                    f"memory: {result}"
                )
            elif isinstance(result, BaseException):
                raise result
        for queue in {each.task_type.queue.name: each.task_type.queue for each in trials}.values():
            found += _limits(trials[0].who, queue, meter)
        handles = {trial.task_type.name: handle for trial, _, handle in submitted}
        for trial in trials:
            if _may_start(trial.task_type.queue, meter):
                handle = handles[trial.task_type.name]
                found += await _delivered_and_cancelled(trial, handle, services, meter, grace=grace)
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


def _may_start(queue: Queue, meter: Meter) -> bool:
    """Whether the rate of the queue allows some more starts soon."""
    rate = queue.rate_limit
    if rate is None or rate.period <= timedelta(seconds=1):
        return True
    return len(meter.starts[queue.name]) + 4 <= rate.limit


def _limits(who: str, queue: Queue, meter: Meter) -> Iterator[str]:
    most = meter.most[queue.name]
    if most > queue.concurrency:
        yield (
            f"{most} tasks of queue {queue.name!r} of {who} ran at once in one worker, expected at "
            f"most {queue.concurrency}"
        )
    starts = sorted(meter.starts[queue.name])
    expected = min(queue.concurrency, len(starts))
    spread = starts[expected - 1] - starts[0]
    is_limited = any((queue.rate_limit, queue.global_concurrency, queue.user_concurrency))
    if spread > (expected - 1) * _LONG_ENOUGH and not is_limited:
        yield (
            f"{expected} tasks of queue {queue.name!r} of {who} took {spread:.1f} s to start, "
            f"expected all of them at once, as it declares concurrency {queue.concurrency}: its "
            "handlers hold up the worker; await what takes long, or make them a 'def'"
        )
    rate = queue.rate_limit
    if rate is None:
        return
    gaps = [later - earlier for earlier, later in zip(starts, starts[rate.limit :], strict=False)]
    period = rate.period.total_seconds()
    if gaps and min(gaps) < period - _LATENESS:
        yield (
            f"{rate.limit + 1} tasks of queue {queue.name!r} of {who} started within "
            f"{min(gaps):.3f} s, expected at most {rate.limit} in {period:g} s"
        )


async def _delivered_and_cancelled(
    trial: Trial,
    handle: TaskHandle[Any],
    services: RealServices,
    meter: Meter,
    *,
    grace: timedelta,
) -> Iterator[str]:
    """Deliver a task again that has ended, and cancel one that runs."""
    found: list[str] = []
    before, runs = await handle.status(), meter.runs[str(handle.id)]
    member = Member(handle.id, before.user_id or "", before.provider or "")
    entry = Entry(member=member, priority=Priority.NORMAL)
    await services.application.engine.enqueue(trial.task_type.queue.name, [entry])
    # It stands behind the other in line: when this one runs, that one had its turn.
    running = await services.client.submit(trial.task_type, trial.inputs[0], unique=False)
    await meter.begun(str(running.id))
    if meter.runs[str(handle.id)] != runs or await handle.status() != before:
        found.append(f"{trial.what} ran again when a task that had ended was delivered once more")
    began = time.monotonic()
    await running.cancel("cancelled by the kit")
    # If it has succeeded before, it was quick, and nothing is learnt.
    ended = await services.client.ended(running.id, grace + _WAY)
    if not ended.finished:
        found.append(
            f"{trial.what} still runs on a real worker {time.monotonic() - began:.1f} s after it "
            f"was cancelled, expected at most {grace.total_seconds():g} s; let "
            "asyncio.CancelledError pass"
        )
    return iter(found)
