"""The submitting side: what an application or the API does, without HTTP."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import msgspec

from benchmarks.bench_plugin import NOOP, PICKUP, QUEUE, Moment
from penstock.app import Application
from penstock.engine import EngineUnavailableError

_LOOK = 0.02
_CHUNK = 1000
_PATIENCE = 600.0


@dataclass(frozen=True, kw_only=True)
class Pickup:
    """One task on an idle queue, in milliseconds since it was submitted."""

    accepted: float
    """Until its row was committed and the caller had its answer."""
    started: float
    """Until its handler was called."""


async def until_open(application: Application) -> None:
    """Return once the queue has its index in Redis, and both servers were spoken to."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            try:
                await application.engine.epoch(QUEUE)
            except EngineUnavailableError:
                await asyncio.sleep(_LOOK)
            else:
                break
    await application.ledger.ping()


async def enqueue_in_bulk(application: Application, tasks: int) -> None:
    """Submit ``tasks`` tasks, a thousand at a time; returns once Redis has them all."""
    for first in range(0, tasks, _CHUNK):
        chunk = range(first, min(first + _CHUNK, tasks))
        await asyncio.gather(*(_submit(application, number) for number in chunk))
    await _until_waiting(application, tasks)


async def enqueue_by_callers(application: Application, tasks: int, callers: int) -> None:
    """Submit ``tasks`` tasks by ``callers`` callers, each one after the other."""
    numbers = iter(range(tasks))

    async def call() -> None:
        for number in numbers:
            await _submit(application, number)

    await asyncio.gather(*(call() for _ in range(callers)))
    await _until_waiting(application, tasks)


async def until_drained(application: Application) -> None:
    """Return once nothing waits or runs: every outcome is committed by then."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            counts = (await application.engine.counts([QUEUE]))[QUEUE]
            if counts.waiting + counts.active + counts.delayed == 0:
                return
            await asyncio.sleep(_LOOK)


async def require_completed(application: Application, tasks: int) -> None:
    """Check that the ledger knows of ``tasks`` successes and of nothing else."""
    ended = (await application.ledger.ended_counts())[QUEUE]
    if (ended.completed, ended.failed, ended.cancelled) != (tasks, 0, 0):
        raise RuntimeError(f"expected {tasks} tasks to have succeeded, the ledger has {ended}")


async def pick_up(application: Application, times: int, pause: float = 0.02) -> list[Pickup]:
    """Submit tasks one by one to an idle worker, and say how soon each was started."""
    sent = []
    for number in range(times):
        before = time.time_ns()
        record = await application.dispatch.submit(PICKUP, f'{{"number":{number}}}')
        sent.append((record.id, before, time.time_ns()))
        await asyncio.sleep(pause)
    await until_drained(application)
    pickups = []
    for task_id, before, accepted in sent:
        found = await application.dispatch.find(task_id)
        if found is None or found.result is None:
            raise RuntimeError(f"expected task {task_id} to have a result, found {found}")
        started = msgspec.json.decode(found.result, type=Moment).nanoseconds
        pickups.append(Pickup(accepted=(accepted - before) / 1e6, started=(started - before) / 1e6))
    return pickups


async def _submit(application: Application, number: int) -> None:
    await application.dispatch.submit(NOOP, f'{{"number":{number}}}')


async def _until_waiting(application: Application, tasks: int) -> None:
    async with asyncio.timeout(_PATIENCE):
        while True:
            counts = (await application.engine.counts([QUEUE]))[QUEUE]
            if counts.waiting >= tasks:
                return
            await asyncio.sleep(0.001)
