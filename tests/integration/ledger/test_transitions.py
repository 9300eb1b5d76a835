"""Cancelling tasks and running them again, and a start gate that may be passed twice."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from penstock.ledger import (
    CancelWish,
    ClaimedTask,
    Failure,
    Leadership,
    Ledger,
    StartedTask,
    Status,
    TaskRecord,
)
from tests.integration.ledger.test_ledger import new_task, outcome, started
from tests.services.gate import pass_gate


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    ledger = Ledger(database_url)
    yield ledger
    await ledger.close()


async def find(ledger: Ledger, run: StartedTask) -> TaskRecord:
    found = await ledger.find(run.id)
    assert found is not None
    return found


async def attempts(ledger: Ledger) -> list[tuple[Any, ...]]:
    statement = "SELECT run, attempt, error_code, error_message FROM task_attempt ORDER BY run"
    async with ledger.database.read("look") as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def cancelled_count(ledger: Ledger) -> int:
    return (await ledger.ended_counts())["acme"].cancelled


async def test_a_pending_task_is_cancelled_at_once(ledger: Ledger) -> None:
    task = new_task()
    await ledger.accept(task)

    done = await ledger.cancel(task.id, reason="too late")

    assert done is not None
    assert (done.status, done.queue, done.changed) == ("cancelled", "acme", True)
    found = await ledger.find(task.id)
    assert found is not None
    assert found.error == Failure("cancelled", "too late", "")
    assert found.finished_at == found.cancel_requested_at
    assert await cancelled_count(ledger) == 1
    started_tasks, (refused,) = await pass_gate(ledger, task.id)
    assert (started_tasks, refused.status) == ([], Status.CANCELLED)

    again = await ledger.cancel(task.id, reason="again")
    assert again is not None
    assert (again.status, again.changed) == ("cancelled", False)
    assert await cancelled_count(ledger) == 1


async def test_of_a_running_task_the_first_who_asks_is_remembered(ledger: Ledger) -> None:
    run = await started(ledger)

    for reason in ("first", "second"):
        done = await ledger.cancel(run.id, reason=reason)
        assert done is not None
        assert (done.status, done.changed) == ("running", True)

    found = await find(ledger, run)
    assert (found.status, found.finished_at) == ("running", None)
    assert found.cancel_requested_at is not None
    assert await ledger.cancel_wishes([run.id, uuid7()]) == {run.id: CancelWish(1, "first")}


async def test_the_first_outcome_wins_whether_it_is_a_success_or_a_cancellation(
    ledger: Ledger,
) -> None:
    quick, slow = await started(ledger), await started(ledger)
    for run in (quick, slow):
        await ledger.cancel(run.id, reason="stop")

    stopped = outcome(slow, Status.CANCELLED, error=Failure("cancelled", "stop", ""))
    recorded = await ledger.record([outcome(quick, result="1"), stopped])

    assert recorded == {(quick.id, 1): Status.SUCCESS, (slow.id, 1): Status.CANCELLED}
    assert await cancelled_count(ledger) == 1
    done = await ledger.cancel(quick.id, reason="too late")
    assert done is not None
    assert (done.status, done.changed) == ("success", False)


@pytest.mark.parametrize("spends_attempt", [True, False])
async def test_a_task_that_was_to_run_again_is_cancelled_instead(
    ledger: Ledger, *, spends_attempt: bool
) -> None:
    run = await started(ledger)
    await ledger.cancel(run.id, reason="stop")
    boom = Failure("handler_error", "boom", "RuntimeError")
    again = outcome(
        run,
        Status.PENDING,
        error=boom if spends_attempt else None,
        spends_attempt=spends_attempt,
        run_at=datetime.now(UTC) + timedelta(hours=1),
    )

    assert await ledger.record([again]) == {(run.id, 1): Status.CANCELLED}

    found = await find(ledger, run)
    assert found.error is not None
    assert (found.status, found.error.code, found.error.message) == (
        "cancelled",
        "cancelled",
        "stop",
    )
    assert found.finished_at is not None
    assert await cancelled_count(ledger) == 1
    kept = (1, 1, "handler_error", "boom") if spends_attempt else (1, 0, "cancelled", "stop")
    assert await attempts(ledger) == [kept]


async def test_a_task_whose_worker_died_before_it_stopped_it_is_cancelled_at_the_gate(
    ledger: Ledger,
) -> None:
    run = await started(ledger)
    await ledger.cancel(run.id, reason="stop")

    started_tasks, (refused,) = await pass_gate(ledger, run.id, orphans=True)

    assert (started_tasks, refused.status) == ([], Status.CANCELLED)
    assert (await find(ledger, run)).status == "cancelled"
    assert await ledger.record([outcome(run)]) == {}
    assert await cancelled_count(ledger) == 1
    assert await attempts(ledger) == [(2, 1, "cancelled", "stop")]


async def test_a_failed_task_begins_anew_and_keeps_its_earlier_outcome(ledger: Ledger) -> None:
    run = await started(ledger, max_attempts=1)
    await ledger.record([outcome(run, Status.FAILED, error=Failure("c", "first", "E"))])

    done = await ledger.retry(run.id)

    assert done is not None
    assert (done.status, done.queue, done.priority, done.changed) == ("pending", "acme", 5, True)
    assert done.lease > 0
    found = await find(ledger, run)
    assert (found.attempts, found.error, found.finished_at, found.run_at) == (0, None, None, None)
    ((second,), _) = await pass_gate(ledger, run.id)
    assert (second.run, second.attempts, second.losses) == (3, 1, 0)
    await ledger.record([outcome(second, Status.FAILED, error=Failure("c", "second", "E"))])
    assert await attempts(ledger) == [(1, 1, "c", "first"), (3, 1, "c", "second")]
    assert (await ledger.ended_counts())["acme"].failed == 2


async def test_a_cancelled_task_begins_anew_and_is_wanted_again(ledger: Ledger) -> None:
    task = new_task(run_at=datetime.now(UTC) + timedelta(hours=1))
    await ledger.accept(task)
    await ledger.cancel(task.id, reason="stop")

    await ledger.retry(task.id)

    ((run,), _) = await pass_gate(ledger, task.id)
    assert await ledger.cancel_wishes([task.id]) == {}
    assert await ledger.record([outcome(run)]) == {(task.id, run.run): Status.SUCCESS}
    assert await attempts(ledger) == [(1, 0, "cancelled", "stop")]


@pytest.mark.parametrize("status", [Status.PENDING, Status.RUNNING, Status.SUCCESS])
async def test_what_is_open_or_has_succeeded_does_not_begin_anew(
    ledger: Ledger, status: Status
) -> None:
    task = new_task()
    await ledger.accept(task)
    if status is not Status.PENDING:
        ((run,), _) = await pass_gate(ledger, task.id)
        if status is Status.SUCCESS:
            await ledger.record([outcome(run)])

    done = await ledger.retry(task.id)

    assert done is not None
    assert (done.status, done.changed) == (status, False)


async def test_a_task_that_is_not_there_is_neither_cancelled_nor_retried(ledger: Ledger) -> None:
    assert await ledger.cancel(uuid7(), reason="x") is None
    assert await ledger.retry(uuid7()) is None


async def test_the_gate_may_be_passed_again_by_whoever_did_not_hear_of_the_first_time(
    ledger: Ledger,
) -> None:
    fresh = new_task()
    await ledger.accept(fresh)
    orphan = await started(ledger)
    claims = [ClaimedTask(fresh.id, 10**15), ClaimedTask(orphan.id, 10**15, orphan=True)]

    first, _ = await ledger.start(claims, worker="w")
    again, refused = await ledger.start(claims, worker="w")

    assert refused == []
    assert {(each.id, each.run) for each in again} == {(each.id, each.run) for each in first}
    counted = {each.id: (each.run, each.attempts, each.losses) for each in again}
    assert counted == {fresh.id: (1, 1, 0), orphan.id: (2, 1, 1)}


@pytest.mark.parametrize("worker", ["w", "other"])
async def test_what_runs_is_not_started_again_unless_its_worker_is_known_to_be_lost(
    ledger: Ledger, worker: str
) -> None:
    run = await started(ledger)

    started_tasks, (refused,) = await pass_gate(ledger, run.id, worker=worker)

    assert (started_tasks, refused.status) == ([], Status.RUNNING)
    assert await ledger.record([outcome(run)]) == {(run.id, 1): Status.SUCCESS}


@pytest.mark.parametrize("status", [Status.PENDING, Status.RUNNING])
@pytest.mark.parametrize("orphan", [True, False])
async def test_a_claim_from_before_the_last_start_is_stale(
    ledger: Ledger, status: Status, *, orphan: bool
) -> None:
    task = new_task()
    await ledger.accept(task)
    ((run,), _) = await ledger.start([ClaimedTask(task.id, 20)], worker="w")
    if status is Status.PENDING:
        await ledger.record([outcome(run, Status.PENDING)])

    started_tasks, (refused,) = await ledger.start([ClaimedTask(task.id, 19, orphan)], worker="x")

    assert (started_tasks, refused.status, refused.stale) == ([], status, True)
    ((second,), _) = await ledger.start([ClaimedTask(task.id, 21, orphan=True)], worker="x")
    assert second.losses == (1 if status is Status.RUNNING else 0)


async def test_one_leads_until_it_leaves_or_its_term_is_over(ledger: Ledger) -> None:
    def candidate(holder: str, term: float = 60) -> Leadership:
        return Leadership(
            ledger.database, name="reconciler", holder=holder, term=timedelta(seconds=term)
        )

    short, second, third = candidate("short", 0), candidate("second"), candidate("third")
    assert await short.acquire()
    assert await second.acquire()  # the first term was over at once
    assert not await short.acquire()
    assert [await second.acquire(), await third.acquire()] == [True, False]

    await second.release()
    assert await third.acquire()
    assert not second.held
