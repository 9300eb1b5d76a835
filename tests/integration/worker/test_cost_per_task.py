"""What a task costs at full load, in counts that do not depend on the machine."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis
from taskiq import TaskiqMessage, TaskiqMiddleware, TaskiqResult

from benchmarks.peers.penstock.installation import counters, until_open
from benchmarks.peers.penstock.plugin import NOOP, QUEUE, catalogue
from penstock import Middleware
from penstock.app import Application
from penstock.dispatch import Submission
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.services.at_work import at_work

TASKS = 3000


class Looking(TaskiqMiddleware):
    def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
        return message

    def post_execute(self, message: TaskiqMessage, result: TaskiqResult[Any]) -> None:
        pass


LOOKING = Plugin(
    name="looking",
    distribution="penstock-looking",
    version="1",
    queues=(),
    tasks=(),
    middlewares=[Middleware("looking", make=lambda _: Looking())],
)


@pytest.mark.parametrize(
    ("concurrency", "others", "most"),
    [(100, [], 0.04), (100, [LOOKING], 0.04), (5, [], 0.2)],
    ids=["alone", "with a middleware", "in five slots"],
)
async def test_a_task_costs_a_small_part_of_a_statement_and_of_a_round_trip(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    concurrency: int,
    others: list[Plugin],
    most: float,
) -> None:
    """Measured were 0.015 statements, 0.007 round trips and 3 commands per task that is run.

    In five slots 0.02 and 0.01; five at a time, it would be 0.4 of both.
    """
    # On a machine that is busy, a claim and its gate may take longer than what is fetched ahead.
    monkeypatch.setattr("penstock.broker.pace.HORIZON", 0.1)
    monkeypatch.setattr("penstock.broker.ready_line.LONGEST_WAIT", 10)
    monkeypatch.setattr("penstock.broker.ready_line._FAR_TOO_LONG", 60)
    plugins = Catalogue(plugins=[*catalogue(concurrency).plugins, *others])
    async with Application(settings, plugins) as application:
        await until_open(application)
        before = counters(application)
        await asyncio.gather(
            *(
                application.dispatch.submit(Submission(NOOP, f'{{"number":{i}}}'))
                for i in range(TASKS)
            )
        )
        await until_in_line(application, TASKS)
        enqueued = per_task(before, counters(application))
        async with Redis.from_url(settings.require_redis_url()) as redis:
            commands, results = await commands_so_far(redis), await results_so_far(redis)
            before = counters(application)
            await drain(application)
            run = per_task(before, counters(application))
            commands = await commands_so_far(redis) - commands
            results = await results_so_far(redis) - results
        ended = (await application.ledger.ended_counts())[QUEUE]

    assert (ended.completed, ended.failed, ended.cancelled) == (TASKS, 0, 0)
    assert enqueued["SQL statements"] <= 0.01
    assert enqueued["Redis calls"] <= 0.01
    assert run["SQL statements"] <= most
    assert run["Redis calls"] <= 0.1
    assert commands <= 10 * TASKS
    assert results <= 0.01 * TASKS


def per_task(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: (after[name] - before[name]) / TASKS for name in after}


async def drain(application: Application) -> None:
    async with at_work(application.worker()):
        await until_in_line(application, 0)


async def until_in_line(application: Application, tasks: int) -> None:
    """Return once so many tasks wait or run: of those that are done the outcome is committed."""
    async with asyncio.timeout(60):
        while True:
            counts = (await application.engine.counts([QUEUE]))[QUEUE]
            if counts.waiting + counts.active == tasks:
                return
            await asyncio.sleep(0.02)


async def commands_so_far(redis: Redis) -> int:
    """Each command that a script calls is one."""
    return int((await redis.info("stats"))["total_commands_processed"])


async def results_so_far(redis: Redis) -> int:
    """Those that were written for callers of ``wait_result()``, of whom there are none here."""
    return int((await redis.info("commandstats")).get("cmdstat_set", {"calls": 0})["calls"])
