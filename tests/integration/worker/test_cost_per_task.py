"""What a task costs at full load, in counts that do not depend on the machine."""

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from benchmarks import client
from benchmarks.bench_plugin import catalogue
from benchmarks.measures import Counters
from penstock.app import Application
from penstock.settings import Settings

TASKS = 3000
CONCURRENCY = 100


@pytest.fixture
def settings(redis_url: str, namespace: str, postgresql_url: str, tmp_path: Path) -> Settings:
    environment = {
        "REDIS_URL": redis_url,
        "DATABASE_URL": postgresql_url,
        "PENSTOCK_NAMESPACE": namespace,
    }
    return Settings.load(environment, tmp_path)


async def test_a_task_costs_a_small_part_of_a_statement_and_of_a_round_trip(
    settings: Settings,
) -> None:
    """Measured were 0.02 statements, 0.03 round trips and 7 commands per task that is run."""
    async with Application(settings, catalogue(CONCURRENCY)) as application:
        await client.until_open(application)
        before = Counters.of(application)
        await client.enqueue_in_bulk(application, TASKS)
        enqueued = Counters.of(application) - before
        async with Redis.from_url(settings.require_redis_url()) as redis:
            commands = await commands_so_far(redis)
            before = Counters.of(application)
            await drain(application)
            run = Counters.of(application) - before
            commands = await commands_so_far(redis) - commands
        await client.require_completed(application, TASKS)

    assert enqueued.statements <= 0.01 * TASKS
    assert enqueued.round_trips <= 0.01 * TASKS
    assert run.statements <= 0.04 * TASKS
    assert run.round_trips <= 0.1 * TASKS
    assert commands <= 10 * TASKS


async def drain(application: Application) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(application.worker().run(stop))
    await client.until_drained(application)
    stop.set()
    await running


async def commands_so_far(redis: Redis) -> int:
    """Each command that a script calls is one."""
    return int((await redis.info("stats"))["total_commands_processed"])
