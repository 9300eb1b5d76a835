"""What a worker hears late, of an earlier life of a task or while it is at the start gate."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from penstock import Priority, Queue, task
from penstock.app import Application
from penstock.broker import Consumer
from penstock.dispatch import Submission
from penstock.engine import Entry, Member
from penstock.ledger import CancelWish, Ledger, LedgerUnavailableError
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.integration.dispatch.conftest import until
from tests.services.at_work import at_work

ACME = Queue("acme")


may_end = threading.Event()


@task("acme.wait", queue=ACME, timeout=timedelta(minutes=1))
async def wait(seconds: float) -> str:
    """Wait so long, and then until a test says that it may end."""
    await asyncio.sleep(seconds)
    while not may_end.is_set():  # noqa: ASYNC110  (set by tests of any loop)
        await asyncio.sleep(0.01)
    return "done"


PLUGIN = Plugin(name="acme", distribution="acme", version="1", queues=[ACME], tasks=[wait])


@pytest.fixture(autouse=True)
def _fresh() -> None:
    may_end.clear()


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Either database would do."""
    return sqlite_url


@pytest.fixture
def settings(environment: dict[str, str], tmp_path: Path) -> Settings:
    # Nothing happens because one runs out.
    return Settings.load({**environment, "PENSTOCK_LEASE_SECONDS": "60"}, tmp_path)


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[tuple[Application, Consumer]]:
    """An application with a worker, and what that claims with."""
    async with Application(settings, Catalogue(plugins=[PLUGIN])) as application:
        worker = application.worker()
        async with at_work(worker):
            yield application, worker._consumers["acme"]


async def reach(application: Application, task_id: UUID, status: str, *, attempts: int = 1) -> None:
    async def reached() -> bool:
        found = await application.ledger.find(task_id)
        return found is not None and (found.status, found.attempts) == (status, attempts)

    await until(reached, within=30)


async def test_a_cancellation_of_an_earlier_life_stops_no_later_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with working(settings) as (application, consumer):
        record = await application.dispatch.submit(Submission("acme.wait", b"0"))
        await reach(application, record.id, "running")

        async def looked_up_before_it_was_retried(
            _: Ledger, ids: Sequence[UUID]
        ) -> dict[UUID, CancelWish]:
            return dict.fromkeys(ids, CancelWish(0, "a mistake"))

        monkeypatch.setattr(Ledger, "cancel_wishes", looked_up_before_it_was_retried)
        await consumer.cancel([record.id])

        may_end.set()
        await reach(application, record.id, "success")


async def test_nothing_is_stopped_while_nobody_can_say_whether_it_shall_be(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with working(settings) as (application, consumer):
        record = await application.dispatch.submit(Submission("acme.wait", b"0"))
        await reach(application, record.id, "running")

        async def away(_: Ledger, ids: Sequence[UUID]) -> dict[UUID, CancelWish]:
            raise LedgerUnavailableError("the database is away")

        monkeypatch.setattr(Ledger, "cancel_wishes", away)
        await consumer.cancel([record.id])

        may_end.set()
        await reach(application, record.id, "success")


async def test_who_is_refused_at_the_gate_leaves_the_queue_at_once(settings: Settings) -> None:
    """Redis had it still, though it has ended; nothing else happens in the queue meanwhile."""
    may_end.set()
    async with working(settings) as (application, consumer):
        record = await application.dispatch.submit(Submission("acme.wait", b"0"))
        await reach(application, record.id, "success")
        await until(lambda: is_idle(application))
        before = consumer.claims

        twin = Entry(member=Member(record.id), priority=Priority.NORMAL)
        await application.engine.enqueue("acme", [twin])

        async def has_left() -> bool:
            counts = await application.engine.counts(["acme"])
            return consumer.claims > before and not counts["acme"].active

        await until(has_left)


async def test_a_run_whose_lease_was_refused_at_the_gate_does_not_begin(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Ledger.start
    may_end.set()
    async with working(settings) as (application, consumer):

        async def start_late(ledger: Ledger, claims, *, worker):
            monkeypatch.undo()
            for lease in application_leases(consumer):
                consumer.lose(lease)
            return await start(ledger, claims, worker=worker)

        monkeypatch.setattr(Ledger, "start", start_late)
        record = await application.dispatch.submit(Submission("acme.wait", b"0"))

        await reach(application, record.id, "success")
        found = await application.ledger.find(record.id)
        assert found is not None
        async with application.ledger.database.read("look") as connection:
            (run,) = (await connection.exec_driver_sql("SELECT run FROM task")).one()
        assert run == 2  # the first was handed back


@pytest.mark.parametrize("gate", ["between", "after"])
async def test_a_claim_at_the_gate_across_cancel_and_retry_costs_no_loss(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, gate: str
) -> None:
    start = Ledger.start
    may_end.set()
    async with working(settings) as (application, _):
        dispatch = application.dispatch

        async def start_late(ledger: Ledger, claims, *, worker):
            monkeypatch.undo()
            (claim,) = claims
            await dispatch.cancel(claim.id, reason="a mistake")
            if gate == "between":
                refused = await start(ledger, claims, worker=worker)
            await dispatch.retry(claim.id)
            await until(lambda: is_handed_over(application), within=20)
            return refused if gate == "between" else await start(ledger, claims, worker=worker)

        monkeypatch.setattr(Ledger, "start", start_late)
        record = await dispatch.submit(Submission("acme.wait", b"0"))

        await reach(application, record.id, "success")
        await until(lambda: is_idle(application), within=20)
        async with application.ledger.database.read("look") as connection:
            (row,) = await connection.exec_driver_sql("SELECT run, losses FROM task")
        assert tuple(row) == (3, 0)  # cancelled, retried, run


async def is_handed_over(application: Application) -> bool:
    return application.dispatch._handover.unsent("acme") == 0


async def is_idle(application: Application) -> bool:
    counts = (await application.engine.counts(["acme"]))["acme"]
    return (counts.waiting, counts.active) == (0, 0)


async def test_a_run_that_lost_its_lease_is_handed_back_as_long_as_no_other_one_began(
    settings: Settings,
) -> None:
    async with working(settings) as (application, consumer):
        record = await application.dispatch.submit(Submission("acme.wait", b"0"))
        await reach(application, record.id, "running")

        for lease in application_leases(consumer):
            consumer.lose(lease)

        may_end.set()
        await reach(application, record.id, "success")
        async with application.ledger.database.read("look") as connection:
            (row,) = await connection.exec_driver_sql("SELECT run, losses FROM task")
        assert tuple(row) == (2, 0)


def application_leases(consumer: Consumer):
    return consumer._leases.by_queue().get("acme", [])
