"""The order of things: what is measured, on which servers, how often."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil
from redis.asyncio import Redis

from benchmarks import client
from benchmarks.bench_plugin import catalogue
from benchmarks.client import Pickup
from benchmarks.machine import Machine
from benchmarks.measures import Counters, Phase, Watch
from benchmarks.options import Options
from benchmarks.services import Services
from benchmarks.worker_handle import WorkerHandle
from penstock.app import Application
from penstock.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Round:
    """Everything once, on empty servers."""

    bulk: Phase
    callers: Phase
    drain: Phase
    redis_bytes: float
    """Per waiting task."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """A whole run."""

    options: Options
    machine: Machine
    rounds: list[Round]
    pickups: list[Pickup]


async def run(options: Options, services: Services, say: Callable[[str], None]) -> Results:
    """Measure as ``options`` ask; ``say`` is told what is under way."""
    rounds = []
    for number in range(1, options.rounds + 1):
        say(f"round {number} of {options.rounds}")
        rounds.append(await _round(options, services))
    say("pick-up latency")
    pickups = await _pickups(options, services)
    machine = await Machine.look(services)
    return Results(options=options, machine=machine, rounds=rounds, pickups=pickups)


async def _round(options: Options, services: Services) -> Round:
    async with _application(options, services) as (application, _):
        with_callers = _Measurement(application, services)
        await client.enqueue_by_callers(application, options.tasks, options.callers)
        callers = with_callers.stop(options.tasks)
    async with _application(options, services) as (application, environment):
        async with Redis.from_url(services.redis.url) as redis:
            empty = await _dataset_bytes(redis)
            in_bulk = _Measurement(application, services)
            await client.enqueue_in_bulk(application, options.tasks)
            bulk = in_bulk.stop(options.tasks)
            full = await _dataset_bytes(redis)
        drain = await _drain(options, services, application, environment)
    return Round(
        bulk=bulk, callers=callers, drain=drain, redis_bytes=(full - empty) / options.tasks
    )


async def _drain(
    options: Options,
    services: Services,
    application: Application,
    environment: Mapping[str, str],
) -> Phase:
    async with _worker(options, services, environment, name="drain") as worker:
        watch = Watch({"worker": worker.psutil(), **services.processes()})
        worker.go()
        await client.until_drained(application)
        seconds, cpu = watch.stop()
        await client.require_completed(application, options.tasks)
        counters = await worker.stop()
    return Phase(tasks=options.tasks, seconds=seconds, cpu_seconds=cpu, counters=counters)


async def _pickups(options: Options, services: Services) -> list[Pickup]:
    async with (
        _application(options, services) as (application, environment),
        _worker(options, services, environment, name="pickup") as worker,
    ):
        worker.go()
        await client.pick_up(application, 20)  # the first ones find cold caches on both sides
        pickups = await client.pick_up(application, options.pickups)
        await worker.stop()
    return pickups


class _Measurement:
    """Of the client, from now on."""

    def __init__(self, application: Application, services: Services) -> None:
        self._application = application
        self._before = Counters.of(application)
        self._watch = Watch({"client": psutil.Process(), **services.processes()})

    def stop(self, tasks: int) -> Phase:
        seconds, cpu = self._watch.stop()
        counters = Counters.of(self._application) - self._before
        return Phase(tasks=tasks, seconds=seconds, cpu_seconds=cpu, counters=counters)


@asynccontextmanager
async def _application(
    options: Options, services: Services
) -> AsyncIterator[tuple[Application, Mapping[str, str]]]:
    environment = services.fresh_environment(options.log_level)
    settings = Settings.load(environment, services.folder)
    async with Application(settings, catalogue(options.concurrency)) as application:
        await client.until_open(application)
        yield application, environment


def _worker(
    options: Options, services: Services, environment: Mapping[str, str], *, name: str
) -> WorkerHandle:
    return WorkerHandle(
        environment,
        concurrency=options.concurrency,
        folder=services.folder,
        profile=None if options.profile is None else options.profile.absolute() / f"{name}.prof",
    )


async def _dataset_bytes(redis: Redis) -> int:
    # Keys and values alone: without clients' buffers, scripts and the append-only file's buffer.
    memory = await redis.info("memory")
    return int(memory["used_memory_dataset"])
