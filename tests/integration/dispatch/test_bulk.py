"""Cancelling many tasks and running them again: ledger and engine, in few statements."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from penstock.dispatch import Submission
from penstock.ledger import Failure, Outcome, StartedTask, Status, TaskFilter
from tests.integration.dispatch.conftest import Installation, until
from tests.integration.ledger.test_ledger import outcome
from tests.services.gate import pass_gate

RESIZE = Submission("acme.resize", b'{"source":"cat"}')
TOTAL = Submission("other.total", b"[1]")


@pytest.fixture
async def installation(installation: Installation) -> Installation:
    await installation.reconciler.rebuild()
    return installation


async def submit(installation: Installation, number: int, what: Submission = RESIZE) -> list[UUID]:
    return [(await installation.dispatch.submit(what)).id for _ in range(number)]


async def run(installation: Installation, *ids: UUID) -> list[StartedTask]:
    started, _ = await pass_gate(installation.ledger, *ids)
    return started


async def end(installation: Installation, status: Status, *ids: UUID) -> None:
    error = None if status is Status.SUCCESS else Failure("boom", "it broke", "E")
    outcomes: list[Outcome] = [
        outcome(each, status, error=error) for each in await run(installation, *ids)
    ]
    await installation.ledger.record(outcomes)


async def status_of(installation: Installation, task_id: UUID) -> Status:
    found = await installation.ledger.find(task_id)
    assert found is not None
    return found.status


async def test_each_task_of_a_cancellation_has_its_own_answer(installation: Installation) -> None:
    waiting = await submit(installation, 3)
    (other,) = await submit(installation, 1, TOTAL)
    running, done = await submit(installation, 2)
    await run(installation, running)
    await end(installation, Status.SUCCESS, done)
    unknown = uuid7()

    found = await installation.dispatch.cancel_all(
        [*waiting, other, running, done, unknown, waiting[0]], reason="too late"
    )

    assert {task_id: (task.status, task.changed) for task_id, task in found.items()} == {
        **dict.fromkeys([*waiting, other], ("cancelled", True)),
        running: ("running", True),
        done: ("success", False),
    }
    wishes = await installation.ledger.cancel_wishes([running])
    assert wishes[running].reason == "too late"
    ended = await installation.ledger.ended_counts()
    assert (ended["acme"].cancelled, ended["other"].cancelled) == (3, 1)
    counts = await installation.engine.counts(["acme", "other"])
    # What runs here was never claimed: for Redis it waits.
    await until(lambda: waits(installation, 2))
    assert counts["other"].waiting == 0


async def waits(installation: Installation, number: int) -> bool:
    return (await installation.counts()).waiting <= number


async def test_many_are_cancelled_in_few_statements(installation: Installation) -> None:
    ids = [(await installation.dispatch.submit(RESIZE)).id for _ in range(20)]
    before = installation.ledger.database.statements

    found = await installation.dispatch.cancel_all(ids, reason="all")

    assert len(found) == 20
    # The lock, the change, the attempts, the count; and SQLite's BEGIN.
    assert installation.ledger.database.statements - before <= 5
    async with installation.ledger.database.read("look") as connection:
        attempts = await connection.scalar(text("SELECT count(*) FROM task_attempt"))
    assert attempts == 20


async def test_failed_and_cancelled_tasks_run_again_and_stand_in_line(
    installation: Installation,
) -> None:
    failed, cancelled, done, open_ = await submit(installation, 4)
    await end(installation, Status.FAILED, failed)
    await end(installation, Status.SUCCESS, done)
    await installation.dispatch.cancel(cancelled, reason="no")

    found = await installation.dispatch.retry_all([failed, cancelled, done, open_, uuid7()])

    assert {task_id: (task.status, task.changed) for task_id, task in found.items()} == {
        failed: ("pending", True),
        cancelled: ("pending", True),
        done: ("success", False),
        open_: ("pending", False),
    }
    again, _ = await pass_gate(installation.ledger, failed, cancelled)
    assert [task.attempts for task in again] == [1, 1]


async def test_what_a_filter_finds_is_cancelled_part_by_part(installation: Installation) -> None:
    ids = await submit(installation, 5)
    others = await submit(installation, 2, TOTAL)
    wanted = TaskFilter(queue="acme")

    first = await installation.dispatch.cancel_found(wanted, before=None, limit=3, reason="no")
    second = await installation.dispatch.cancel_found(
        wanted, before=first.next, limit=3, reason="no"
    )

    assert (list(first.found), list(second.found)) == (ids[:1:-1], ids[1::-1])
    assert second.next is None
    assert {await status_of(installation, each) for each in others} == {Status.PENDING}


async def test_only_what_can_be_changed_is_found(installation: Installation) -> None:
    failed, done, open_ = await submit(installation, 3)
    await end(installation, Status.FAILED, failed)
    await end(installation, Status.SUCCESS, done)

    again = await installation.dispatch.retry_found(TaskFilter(queue="acme"), before=None, limit=10)
    nothing = await installation.dispatch.retry_found(
        TaskFilter(status=frozenset({Status.SUCCESS})), before=None, limit=10
    )

    assert (list(again.found), again.next) == ([failed], None)
    assert (nothing.found, nothing.next) == ({}, None)
    assert await status_of(installation, open_) is Status.PENDING


async def test_a_task_that_somebody_has_locked_is_waited_for_alone(
    installation: Installation,
) -> None:
    if installation.ledger.database.dialect == "sqlite":
        return  # it has one writer at a time, and no locks of rows
    ids = await submit(installation, 3)
    async with installation.ledger.database.write("hold") as connection:
        await connection.execute(
            text("SELECT 1 FROM task WHERE id = :id FOR UPDATE"), {"id": ids[1]}
        )
        cancelling = asyncio.create_task(installation.dispatch.cancel_all(ids, reason="no"))
        await until(lambda: is_cancelled(installation, ids[2]))
        assert not cancelling.done()
    found = await cancelling

    assert {task.status for task in found.values()} == {Status.CANCELLED}
    assert all(task.changed for task in found.values())


async def is_cancelled(installation: Installation, task_id: UUID) -> bool:
    return await status_of(installation, task_id) is Status.CANCELLED
