"""The clock: time jumps where all wait for it, and passes as usual where anything is at work."""

import asyncio
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
import uvloop

from penstock import Context, PenstockError, Queue, task
from penstock.testing import Clock, Harness
from tests.services.standstill import STANDSTILL
from tests.unit.testing.test_paid_calls import port

__all__ = ["port"]
ACME = Queue("acme")


async def test_sleepers_wake_in_their_order_at_once() -> None:
    clock, woken = Clock(), []

    async def sleep(hours: int) -> None:
        await clock.sleep(timedelta(hours=hours))
        woken.append(hours)

    began = time.monotonic()
    await asyncio.gather(*(sleep(each) for each in (30, 1, 2)))

    assert woken == [1, 2, 30]
    assert time.monotonic() - began < STANDSTILL
    assert timedelta(hours=29) < clock.skipped <= timedelta(hours=30)


async def test_outside_of_a_run_time_passes_as_usual() -> None:
    clock = Clock()
    await clock.sleep(timedelta(hours=1))

    began = time.monotonic()
    await asyncio.sleep(0.05)

    assert time.monotonic() - began >= 0.05


async def test_it_stands_still_while_it_is_held() -> None:
    clock = Clock()
    began = time.monotonic()
    with clock.running(), clock.held():
        await asyncio.sleep(0.05)

    assert time.monotonic() - began >= 0.05
    assert clock.skipped == timedelta(0)


async def test_a_second_harness_goes_on_where_the_first_one_was() -> None:
    loop, first, second = asyncio.get_running_loop(), Clock(), Clock()
    await first.sleep(timedelta(hours=1))
    before = loop.time()
    await second.sleep(timedelta(hours=1))

    assert loop.time() - before >= 3600


@task("acme.poll", queue=ACME, timeout=timedelta(hours=1))
async def poll(url: str, ctx: Context) -> int:
    """Ask again and again over one connection."""
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(3):
            await asyncio.sleep(600)
            (await client.get(url)).raise_for_status()
    return ctx.attempt


async def test_a_server_has_its_time_to_answer(harness: Harness, port: int) -> None:
    began = time.monotonic()

    assert await harness.run(poll, f"http://127.0.0.1:{port}/jobs") == 1

    assert time.monotonic() - began < STANDSTILL


async def test_a_server_has_its_time_to_answer_though_others_sleep(
    harness: Harness, port: int
) -> None:
    others = [harness.start(poll, f"http://127.0.0.1:{port}/jobs") for _ in range(3)]

    await harness.run(poll, f"http://127.0.0.1:{port}/slow")

    assert [(await each).attempts for each in others] == [1, 1, 1]
    assert [each.failures for each in harness.runs] == [[]] * 4


@pytest.fixture
def alarm() -> Iterator[threading.Timer]:
    timer = threading.Timer(0.3, lambda: None)
    yield timer
    timer.cancel()


async def test_a_thread_that_nobody_knows_of_is_faster_than_a_timeout(
    harness: Harness, alarm: threading.Timer
) -> None:
    @task("acme.thread", queue=ACME, timeout=timedelta(seconds=30))
    async def wait(word: str) -> str:
        """Wait for a thread of one's own."""
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        alarm.function = lambda: loop.call_soon_threadsafe(event.set)
        alarm.start()
        await event.wait()
        return word

    assert await harness.run(wait, "done") == "done"


def test_another_kind_of_loop_is_refused_with_what_to_do() -> None:
    loop = uvloop.new_event_loop()
    try:
        with pytest.raises(PenstockError, match=r"uvloop\.Loop.*leave out its loop factory"):
            loop.run_until_complete(Clock().sleep(timedelta(hours=1)))
    finally:
        loop.close()
