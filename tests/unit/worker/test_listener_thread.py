"""A task listener in its thread: late, failing, blocking, and too slow for what comes."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from penstock import SettingsReader, TaskListener, TaskOutcome
from penstock.ledger import Outcome, StartedTask, Status
from penstock.plugins import Plugin
from penstock.worker import listener_thread
from penstock.worker.extensions import Extensions
from penstock.worker.listener_thread import ListenerThread

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def outcome(number: int = 0) -> TaskOutcome:
    return TaskOutcome(
        task_id=UUID(int=number),
        type="acme.run",
        queue="acme",
        user_id=None,
        batch_id=None,
        status="success",
        attempt=1,
        max_attempts=3,
        error_code=None,
        error_message=None,
        started_at=NOW,
        finished_at=NOW,
        run_at=None,
    )


def listener(tell: Callable[[TaskOutcome], Any], **options: Any) -> TaskListener:
    @asynccontextmanager
    async def opened(_: SettingsReader) -> AsyncIterator[Any]:
        yield tell

    return TaskListener("ears", open=opened, **options)


def no_settings(_: type[Any], /) -> Any:
    raise NotImplementedError


@asynccontextmanager
async def running(
    tell: Callable[[TaskOutcome], Any], *, patience: float = 5
) -> AsyncIterator[ListenerThread]:
    thread = ListenerThread(listener(tell), no_settings, owner="plugin 'acme'", patience=patience)
    await thread.start()
    yield thread
    await thread.stop()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  (what other threads do cannot be awaited)
            await asyncio.sleep(0.005)


async def test_what_takes_too_long_is_lost_and_the_next_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[int] = []

    async def tell(outcome: TaskOutcome) -> None:
        if outcome.task_id.int < 3:
            await asyncio.Event().wait()
        told.append(outcome.task_id.int)

    async with running(tell, patience=0.05) as thread:
        for number in range(5):
            thread.tell(outcome(number))
        await until(lambda: len(told) == 2)

    assert told == [3, 4]
    assert "plugin 'acme': task listener 'ears' lost an outcome" in caplog.text
    assert "it took longer than 0.05 s" in caplog.text
    assert caplog.text.count("lost an outcome") == 1
    assert "works again; it lost 3 outcomes" in caplog.text


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), asyncio.CancelledError()])
async def test_one_that_raises_loses_that_outcome_alone(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[int] = []

    async def tell(outcome: TaskOutcome) -> None:
        if outcome.task_id.int == 0:
            raise error
        told.append(outcome.task_id.int)

    async with running(tell) as thread:
        thread.tell(outcome(0))
        thread.tell(outcome(1))
        await until(lambda: told)

    assert told == [1]
    assert repr(error) in caplog.text


async def test_no_more_than_a_bounded_number_waits_for_one_that_blocks(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_thread, "MOST_WAITING", 3)
    free, told = threading.Event(), []

    async def tell(outcome: TaskOutcome) -> None:
        free.wait(10)
        told.append(outcome.task_id.int)

    async with running(tell) as thread:
        thread.tell(outcome(0))
        await until(lambda: not thread._waiting)
        for number in range(1, 9):
            thread.tell(outcome(number))
        free.set()

    assert told == [0, 1, 2, 3]
    assert "3 outcomes wait for it already" in caplog.text
    assert "it lost 5 outcomes" in caplog.text


async def test_what_waits_is_told_before_it_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    told: list[int] = []

    async def tell(outcome: TaskOutcome) -> None:
        await asyncio.sleep(0.01)
        told.append(outcome.task_id.int)

    async with running(tell) as thread:
        for number in range(10):
            thread.tell(outcome(number))

    assert told == list(range(10))
    assert caplog.text == ""


async def test_one_that_hangs_at_the_end_is_cancelled_and_counted(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_thread, "_LAST_PATIENCE", 0.05)
    closed = threading.Event()

    @asynccontextmanager
    async def opened(_: SettingsReader) -> AsyncIterator[Any]:
        async def tell(_: TaskOutcome) -> None:
            await asyncio.Event().wait()

        try:
            yield tell
        finally:
            closed.set()

    thread = ListenerThread(TaskListener("ears", open=opened), no_settings, owner="plugin 'acme'")
    await thread.start()
    for _ in range(3):
        thread.tell(outcome())
    await thread.stop()

    assert closed.is_set()
    assert "was not told of 2 outcomes" in caplog.text


async def test_one_that_blocks_when_it_is_opened_is_given_up() -> None:
    free = threading.Event()

    @asynccontextmanager
    async def opened(_: SettingsReader) -> AsyncIterator[Any]:
        free.wait(10)
        yield print

    thread = ListenerThread(
        TaskListener("ears", open=opened), no_settings, owner="plugin 'acme'", patience=0.02
    )
    with pytest.raises(TimeoutError):
        await thread.start()
    free.set()
    await thread.stop()


@pytest.mark.parametrize(("ran", "seen"), [(True, ["pending"]), (False, [])])
async def test_what_was_handed_back_before_its_handler_was_called_is_no_outcome(
    seen: list[str],
    *,
    ran: bool,
) -> None:
    told: list[str] = []

    async def tell(outcome: TaskOutcome) -> None:
        told.append(outcome.status)

    plugin = Plugin(
        name="acme",
        distribution="penstock-acme",
        version="1.2",
        queues=[],
        tasks=[],
        listeners=[listener(tell, statuses={"pending"})],
    )
    extensions = Extensions([plugin], {})
    assert await extensions.start() == {}
    task = StartedTask(
        id=uuid4(),
        type="acme.run",
        queue="acme",
        run=1,
        attempts=1,
        max_attempts=3,
        losses=0,
        priority=5,
        user_id=None,
        provider=None,
        units=None,
        input="{}",
        labels=None,
        started_at=NOW,
    )
    ended = Outcome(
        id=task.id,
        queue="acme",
        run=1,
        attempt=1,
        status=Status.PENDING,
        started_at=NOW,
        finished_at=NOW,
        ran=ran,
    )
    assert extensions.told is not None
    extensions.told(task, ended)
    await extensions.stop()

    assert told == seen
