"""What the middlewares of others may do to a run, and what they may not."""

import asyncio
import sys
from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct
from taskiq import TaskiqMessage, TaskiqMiddleware, TaskiqResult

from penstock import Queue, RetryPolicy, task
from penstock.broker import middlewares
from penstock.testing.harness import Harness
from tests.services.standstill import STANDSTILL

QUEUE = Queue("acme", retry=RetryPolicy(max_attempts=1))


class Job(Struct):
    size: int = 1


@task("acme.short", queue=QUEUE, timeout=timedelta(seconds=0.1))
async def short(job: Job) -> Job:
    return job


@task("acme.long", queue=QUEUE)
async def long(job: Job) -> Job:
    return job


class Hanging(TaskiqMiddleware):
    """Never returns from one hook."""

    def __init__(self, hook: str) -> None:
        super().__init__()
        self.entered = asyncio.Event()
        self._hook = hook

    async def _wait(self, hook: str) -> None:
        if hook == self._hook:
            self.entered.set()
            await asyncio.Event().wait()

    async def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
        await self._wait("pre_execute")
        return message

    async def post_execute(self, message: TaskiqMessage, result: TaskiqResult[Any]) -> None:
        await self._wait("post_execute")

    async def post_save(self, message: TaskiqMessage, result: TaskiqResult[Any]) -> None:
        await self._wait("post_save")


class Exiting(TaskiqMiddleware):
    def __init__(self, hook: str) -> None:
        super().__init__()
        self._hook = hook

    def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
        if self._hook == "pre_execute":
            sys.exit(3)
        return message

    def post_execute(self, message: TaskiqMessage, result: TaskiqResult[Any]) -> None:
        if self._hook == "post_execute":
            sys.exit(4)


async def test_the_timeout_of_a_task_holds_in_a_middleware_as_well(harness: Harness) -> None:
    harness.add_middlewares(Hanging("pre_execute"))
    async with asyncio.timeout(STANDSTILL):
        run = await harness.start(short, Job())

    assert (run.status, run.error and run.error.code) == ("failed", "timeout")


async def test_a_cancel_reaches_a_task_in_a_middleware(harness: Harness) -> None:
    hanging = Hanging("pre_execute")
    harness.add_middlewares(hanging)
    run = harness.start(long, Job())
    await hanging.entered.wait()
    run.cancel("stop")
    async with asyncio.timeout(STANDSTILL):
        ended = await run

    assert ended.status == "cancelled"


@pytest.mark.parametrize(
    ("hook", "status"),
    [("pre_execute", "failed"), ("post_execute", "success"), ("post_save", "success")],
)
async def test_a_hook_that_hangs_is_given_up(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, hook: str, status: str
) -> None:
    monkeypatch.setattr(middlewares, "PATIENCE", 0.05)
    harness.add_middlewares(Hanging(hook))
    async with asyncio.timeout(STANDSTILL):
        run = await harness.start(long, Job())

    assert run.status == status
    if status == "failed":
        assert run.error is not None
        assert "pre_execute of middleware Hanging took longer than 0.05 s" in run.error.message


@pytest.mark.parametrize(
    ("hook", "status"), [("pre_execute", "failed"), ("post_execute", "success")]
)
async def test_a_hook_that_exits_ends_nothing_but_itself(
    harness: Harness, caplog: pytest.LogCaptureFixture, hook: str, status: str
) -> None:
    harness.add_middlewares(Exiting(hook))
    run = await harness.start(long, Job())

    assert run.status == status
    assert f"{hook} of middleware Exiting called sys.exit(" in caplog.text
