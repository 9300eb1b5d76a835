"""What a worker does with tasks whose time runs out: waiting, delayed, parked, running, failing."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from penstock import Context, Queue, RetryPolicy, SyncContext, task
from penstock.app import Application
from penstock.dispatch import Submission
from penstock.ledger import TaskRecord
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.integration.dispatch.conftest import until
from tests.services.standstill import STANDSTILL

ACME = Queue("acme", concurrency=4)
SHORT = timedelta(milliseconds=400)
stopped: list[str] = []


@task("acme.sleep", queue=ACME)
async def sleep(seconds: float, ctx: Context) -> str:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        assert ctx.interruption is not None
        stopped.append(ctx.interruption.code)
        raise
    return "slept"


@task("acme.block", queue=ACME)
def block(seconds: float, ctx: SyncContext) -> str:
    time.sleep(seconds)
    return "slept"


@task("acme.quick", queue=ACME, timeout=timedelta(milliseconds=100))
async def quick(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "slept"


@task("acme.fail", queue=ACME, retry=RetryPolicy(initial_interval=timedelta(minutes=1)))
async def fail(message: str) -> str:
    raise RuntimeError(message)


@task("acme.unknown", queue=ACME)
async def unknown(number: int) -> int:
    return number


def catalogue(*tasks):
    plugin = Plugin(name="acme", distribution="acme", version="1", queues=[ACME], tasks=list(tasks))
    return Catalogue(plugins=[plugin])


ALL = catalogue(sleep, block, quick, fail, unknown)


@pytest.fixture
def settings(environment: dict[str, str], tmp_path: Path) -> Settings:
    return Settings.load({**environment, "PENSTOCK_LEASE_SECONDS": "1"}, tmp_path)


@asynccontextmanager
async def working(settings: Settings, known: Catalogue = ALL) -> AsyncIterator[Application]:
    async with Application(settings, known) as application:
        stop = asyncio.Event()
        running = asyncio.create_task(application.worker().run(stop))
        yield application
        stop.set()
        await running


async def submit(application: Application, name: str, text: str, **terms: object) -> UUID:
    record = await application.dispatch.submit(Submission(name, text, **terms))  # type: ignore[arg-type]
    return record.id


async def ended(application: Application, task_id: UUID, *, within: float = 30) -> TaskRecord:
    found: list[TaskRecord] = []

    async def has_ended() -> bool:
        record = await application.ledger.find(task_id)
        assert record is not None
        found[:] = [record]
        return record.finished_at is not None

    await until(has_ended, within=within)
    return found[0]


async def run_into_its_deadline(application: Application, name: str) -> tuple[TaskRecord, datetime]:
    """A task that began before its deadline, and that deadline: the later, the slower we are."""
    for seconds in (0.4, 2, 10, 50):
        deadline = datetime.now(UTC) + timedelta(seconds=seconds)
        task_id = await submit(application, name, "300", deadline=deadline)
        record = await ended(application, task_id, within=2 * seconds + STANDSTILL)
        if record.attempts and (stopped or name == "acme.block"):
            break
    return record, deadline


def code_of(record: TaskRecord) -> str:
    assert record.error is not None
    return record.error.code


async def test_a_run_is_stopped_at_the_deadline_or_at_its_timeout_whichever_is_first(
    settings: Settings,
) -> None:
    stopped.clear()
    async with working(settings) as application:
        far = datetime.now(UTC) + timedelta(hours=1)
        quick_run = await submit(application, "acme.quick", "30", deadline=far)
        in_time = await submit(application, "acme.sleep", "0.01", deadline=far)

        for name in ("acme.sleep", "acme.block"):
            record, deadline = await run_into_its_deadline(application, name)
            assert (record.status, code_of(record)) == ("failed", "deadline_exceeded")
            assert record.attempts == 1, "no other attempt"
            assert record.finished_at is not None
            late = (record.finished_at - deadline).total_seconds()
            assert 0 <= late < 3 + STANDSTILL
        assert (await ended(application, in_time)).status == "success"

        async def has_run() -> bool:
            record = await application.ledger.find(quick_run)
            return record is not None and (record.status, record.attempts > 0) == ("pending", True)

        await until(has_run)
        await application.dispatch.cancel(quick_run, reason="seen enough")
        assert (await ended(application, quick_run)).status == "cancelled"
        async with application.ledger.database.read("look") as connection:
            rows = await connection.exec_driver_sql("SELECT error_code FROM task_attempt")
            codes = sorted(row[0] for row in rows)
    assert set(stopped) == {"deadline"}
    assert codes.count("deadline_exceeded") >= 2
    assert "timeout" in codes


async def test_a_retry_that_comes_too_late_fails_at_once_and_its_error_is_kept(
    settings: Settings,
) -> None:
    async with working(settings) as application:
        deadline = datetime.now(UTC) + timedelta(seconds=30)
        record = await ended(
            application, await submit(application, "acme.fail", '"boom"', deadline=deadline)
        )
        async with application.ledger.database.read("look") as connection:
            statement = "SELECT error_code, error_message, traceback FROM task_attempt"
            attempt = (await connection.exec_driver_sql(statement)).mappings().one()

    assert (record.status, code_of(record), record.attempts) == ("failed", "deadline_exceeded", 1)
    assert (attempt["error_code"], attempt["error_message"]) == ("handler_error", "boom")
    assert "RuntimeError" in attempt["traceback"]


async def test_what_waits_is_delayed_or_parked_too_long_fails_and_leaves_the_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody claims it: the queue is paused, its time has not come, or its type is unknown."""
    monkeypatch.setattr("penstock.dispatch.reconciler._AUDIT_ROUNDS", 1)
    monkeypatch.setattr("penstock.dispatch.reconciler._INTERVAL", 0.2)
    async with working(settings, catalogue(sleep)) as old, Application(settings, ALL) as new:
        delayed = await submit(
            new, "acme.sleep", "0", delay=timedelta(minutes=5), ttl=timedelta(minutes=9)
        )
        parked = await submit(new, "acme.unknown", "1", ttl=timedelta(minutes=9))

        async def is_parked() -> bool:
            return (await old.engine.counts(["acme"]))["acme"].parked == 1

        await until(is_parked)
        said = "tasks of type 'acme.unknown' are parked: this worker does not know it"
        assert caplog.text.count(said) == 1
        await old.queue_control.pause("acme", by="test")
        await asyncio.sleep(0.1)
        waiting = await submit(new, "acme.sleep", "0", ttl=SHORT)
        late = await submit(new, "acme.sleep", "0", deadline=datetime.now(UTC) + SHORT)
        # As if their time-to-live had ended while one was delayed and one was parked.
        async with new.ledger.database.write("move") as connection:
            await connection.exec_driver_sql(
                "UPDATE task SET expires_at = created_at "
                "WHERE run_at IS NOT NULL OR type = 'acme.unknown'"
            )

        codes = [code_of(await ended(new, each)) for each in (delayed, parked, waiting, late)]

        async def is_empty() -> bool:
            counts = (await new.engine.counts(["acme"]))["acme"]
            return counts.waiting + counts.delayed + counts.parked + counts.active == 0

        await until(is_empty)
    assert codes == ["expired", "expired", "expired", "deadline_exceeded"]


async def test_the_gate_refuses_what_came_too_late_to_its_turn(settings: Settings) -> None:
    async with Application(settings, ALL) as application:
        late = await submit(application, "acme.sleep", "0", ttl=timedelta(milliseconds=1))
        fine = await submit(application, "acme.sleep", "0", ttl=timedelta(minutes=1))
        await asyncio.sleep(0.01)
        stop = asyncio.Event()
        running = asyncio.create_task(application.worker().run(stop))

        assert code_of(await ended(application, late)) == "expired"
        assert (await ended(application, fine)).status == "success"
        stop.set()
        await running
