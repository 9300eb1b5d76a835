"""A task whose time is over does not start, or fails, whatever state it is in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from penstock.ledger import ClaimedTask, Failure, Ledger, NewTask, Outcome, StartedTask, Status
from tests.integration.ledger.test_ledger import new_task, outcome
from tests.services.gate import pass_gate

HOUR = timedelta(hours=1)


def task(**times: datetime | None) -> NewTask:
    return msgspec.structs.replace(new_task(), **times)


def ago() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=1)


def soon() -> datetime:
    return datetime.now(UTC) + HOUR


async def run_of(ledger: Ledger, new: NewTask) -> StartedTask:
    await ledger.accept(new)
    ((run,), _) = await pass_gate(ledger, new.id)
    return run


async def move(ledger: Ledger, new: NewTask, **times: datetime) -> None:
    """As if so much time had passed, for those times that it has."""
    for column, moment in times.items():
        async with ledger.database.write("move") as connection:
            statement = text(
                f"UPDATE task SET {column} = :moment WHERE id = :id AND {column} IS NOT NULL"
            )
            postgresql = ledger.database.dialect == "postgresql"
            value: Any = moment if postgresql else moment.strftime("%Y-%m-%d %H:%M:%S.%f")
            values = {"moment": value, "id": new.id if postgresql else str(new.id)}
            await connection.execute(statement, values)


async def attempts(ledger: Ledger) -> list[tuple[Any, ...]]:
    statement = "SELECT run, attempt, error_code FROM task_attempt ORDER BY run"
    async with ledger.database.read("look") as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def error_of(ledger: Ledger, new: NewTask) -> tuple[Status, str | None]:
    found = await ledger.find(new.id)
    assert found is not None
    return found.status, found.error.code if found.error else None


async def failed_count(ledger: Ledger) -> int:
    return (await ledger.ended_counts())["acme"].failed


@pytest.mark.parametrize(
    ("time", "code"), [("expires_at", "expired"), ("deadline", "deadline_exceeded")]
)
async def test_the_gate_refuses_a_task_whose_time_is_over_and_writes_its_outcome(
    ledger: Ledger, time: str, code: str
) -> None:
    late, fine = task(**{time: ago()}), task(**{time: soon()})
    await ledger.accept_all([late, fine])

    started, (refused,) = await pass_gate(ledger, late.id, fine.id)

    assert [each.id for each in started] == [fine.id]
    assert started[0].deadline == fine.deadline
    assert (refused.id, refused.status) == (late.id, Status.FAILED)
    assert await error_of(ledger, late) == (Status.FAILED, code)
    assert await attempts(ledger) == [(1, 0, code)]
    assert await failed_count(ledger) == 1


async def test_of_two_times_that_are_over_the_time_to_live_is_told(ledger: Ledger) -> None:
    late = task(expires_at=ago(), deadline=ago())
    await ledger.accept(late)

    await pass_gate(ledger, late.id)

    assert (await error_of(ledger, late))[1] == "expired"


async def test_a_task_that_has_started_once_does_not_expire(ledger: Ledger) -> None:
    """Between attempts, after a snooze, and after a hand-back at shutdown."""
    ends: list[dict[str, Any]] = [
        {"error": Failure("handler_error", "x", "E"), "spends_attempt": True},
        {"spends_attempt": False},
    ]
    for number, fields in enumerate(ends):
        new = task(expires_at=soon())
        run = await run_of(ledger, new)
        await ledger.record([outcome(run, Status.PENDING, **fields)])
        await move(ledger, new, expires_at=ago())

        assert await ledger.end_overdue(limit=10) == []
        started, refused = await pass_gate(ledger, new.id)

        assert ([each.id for each in started], refused) == ([new.id], []), number


async def test_a_run_whose_handler_was_not_called_is_no_start(ledger: Ledger) -> None:
    """It was parked, say, as the worker did not know its type; and so it was by another worker."""
    new = task(expires_at=soon())
    run = await run_of(ledger, new)
    await ledger.record([outcome(run, Status.PENDING, spends_attempt=False, ran=False)])
    found = await ledger.find(new.id)
    assert found is not None
    assert found.started_at is None
    ((again,), _) = await pass_gate(ledger, new.id)
    await ledger.record([outcome(again, Status.PENDING, spends_attempt=False, ran=False)])
    await move(ledger, new, expires_at=ago())

    (ended,) = await ledger.end_overdue(limit=10)

    assert ended.id == new.id
    assert (await error_of(ledger, new))[1] == "expired"


async def test_a_task_that_snoozed_and_is_handed_back_unstarted_does_not_expire(
    ledger: Ledger,
) -> None:
    """Its first run spent no attempt, and the worker of its second one was draining."""
    new = task(expires_at=soon())
    run = await run_of(ledger, new)
    await ledger.record([outcome(run, Status.PENDING, spends_attempt=False)])
    ((again,), _) = await pass_gate(ledger, new.id)
    await ledger.record([outcome(again, Status.PENDING, spends_attempt=False, ran=False)])
    await move(ledger, new, expires_at=ago())

    assert await ledger.end_overdue(limit=10) == []
    started, refused = await pass_gate(ledger, new.id)

    assert ([each.id for each in started], refused) == ([new.id], [])


async def test_a_task_that_a_lost_worker_may_have_started_does_not_expire(ledger: Ledger) -> None:
    new = task(expires_at=soon())
    await run_of(ledger, new)
    ((again,), _) = await pass_gate(ledger, new.id, orphans=True)
    await ledger.record([outcome(again, Status.PENDING, spends_attempt=False, ran=False)])
    await move(ledger, new, expires_at=ago())

    assert await ledger.end_overdue(limit=10) == []
    started, refused = await pass_gate(ledger, new.id)

    assert ([each.id for each in started], refused) == ([new.id], [])


async def test_a_retry_at_the_deadline_or_later_is_none(ledger: Ledger) -> None:
    deadline = soon()
    for again_at, expected in (
        (deadline - timedelta(seconds=1), (Status.PENDING, "handler_error")),
        (deadline, (Status.FAILED, "deadline_exceeded")),
    ):
        new = task(deadline=deadline)
        run = await run_of(ledger, new)
        again = outcome(
            run, Status.PENDING, error=Failure("handler_error", "boom", "E"), run_at=again_at
        )

        recorded = await ledger.record([again])

        assert recorded == {(run.id, run.run): expected[0]}
        assert await error_of(ledger, new) == expected
    assert [each[2] for each in await attempts(ledger)] == ["handler_error"] * 2
    assert await failed_count(ledger) == 1


async def test_a_snooze_beyond_the_deadline_is_none(ledger: Ledger) -> None:
    new = task(deadline=soon())
    run = await run_of(ledger, new)
    snooze = outcome(run, Status.PENDING, spends_attempt=False, run_at=soon() + HOUR)

    assert set((await ledger.record([snooze])).values()) == {Status.FAILED}

    assert await error_of(ledger, new) == (Status.FAILED, "deadline_exceeded")
    assert [each[2] for each in await attempts(ledger)] == ["deadline_exceeded"]


async def test_who_wanted_it_cancelled_is_heard_before_the_deadline(ledger: Ledger) -> None:
    new = task(deadline=soon())
    run = await run_of(ledger, new)
    await ledger.cancel(run.id, reason="no need")

    again = outcome(run, Status.PENDING, run_at=soon() + HOUR, error=Failure("e", "x", "E"))
    await ledger.record([again])

    assert await error_of(ledger, new) == (Status.CANCELLED, "cancelled")


async def test_a_success_after_the_deadline_is_one(ledger: Ledger) -> None:
    new = task(deadline=soon())
    run = await run_of(ledger, new)
    await move(ledger, new, deadline=ago())

    await ledger.record([outcome(run, Status.SUCCESS, result="1")])

    assert await error_of(ledger, new) == (Status.SUCCESS, None)


@pytest.mark.parametrize("times", [["deadline"], ["deadline", "expires_at"]])
async def test_a_run_that_lost_its_worker_is_not_repeated_after_the_deadline(
    ledger: Ledger, times: list[str]
) -> None:
    new = task(**{each: soon() for each in times})
    await run_of(ledger, new)
    await move(ledger, new, **{each: ago() for each in times})

    assert await ledger.end_overdue(limit=10) == [], "its worker may still write its outcome"
    _, (unknown,) = await pass_gate(ledger, new.id)
    assert unknown.status is Status.RUNNING
    _, (lost,) = await pass_gate(ledger, new.id, orphans=True)

    assert lost.status is Status.FAILED
    assert await error_of(ledger, new) == (Status.FAILED, "deadline_exceeded")


async def test_a_gate_that_is_passed_again_after_the_deadline_still_opens_its_run(
    ledger: Ledger,
) -> None:
    """Its commit was not heard of; the run is stopped by its worker, at once."""
    new = task(deadline=soon())
    await ledger.accept(new)
    claim = [ClaimedTask(new.id, 10**9)]
    await ledger.start(claim, worker="w")
    await move(ledger, new, deadline=ago())

    (run,), refused = await ledger.start(claim, worker="w")

    assert (run.run, refused) == (1, [])


async def test_the_sweep_ends_what_waits_in_bounded_batches(ledger: Ledger) -> None:
    late = [task(expires_at=ago()) for _ in range(3)]
    late += [task(deadline=ago(), run_at=soon()) for _ in range(3)]
    fine = [task(), task(expires_at=soon(), deadline=soon())]
    await ledger.accept_all([*late, *fine])

    first = await ledger.end_overdue(limit=2)
    rest = await ledger.end_overdue(limit=2)

    assert (len(first), len(rest)) == (4, 2)
    assert {each.id for each in (*first, *rest)} == {each.id for each in late}
    assert {each.queue for each in first} == {"acme"}
    assert await ledger.end_overdue(limit=2) == []
    assert await failed_count(ledger) == 6
    assert await error_of(ledger, fine[1]) == (Status.PENDING, None)


async def test_run_by_hand_an_expired_task_has_all_the_time_it_needs(ledger: Ledger) -> None:
    late = task(expires_at=ago())
    await ledger.accept(late)
    await ledger.end_overdue(limit=10)

    done = await ledger.retry(late.id)

    assert done is not None
    assert (done.status, done.changed) == (Status.PENDING, True)
    started, _ = await pass_gate(ledger, late.id)
    assert len(started) == 1


async def test_a_deadline_that_has_passed_is_not_forgotten_by_hand(ledger: Ledger) -> None:
    late = task(deadline=ago())
    await ledger.accept(late)
    await ledger.end_overdue(limit=10)

    done = await ledger.retry(late.id)

    assert done is not None
    assert (done.status, done.changed, done.too_late) == (Status.FAILED, False, True)


async def test_an_outcome_says_that_a_run_was_too_late_only_if_it_was(ledger: Ledger) -> None:
    """The writer is told by the status that the ledger answers."""
    new = task()
    run = await run_of(ledger, new)
    failure = Failure("handler_error", "boom", "E")
    again: Outcome = outcome(run, Status.PENDING, error=failure, run_at=soon())

    assert await ledger.record([again]) == {(run.id, run.run): Status.PENDING}
