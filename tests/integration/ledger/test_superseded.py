"""A batch in which the same task stands twice: with a run that was superseded, and its present."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from penstock.ledger import Failure, Ledger, StartedTask, Status
from tests.integration.ledger.test_ledger import new_task, outcome, started
from tests.services.gate import pass_gate


async def two_runs(ledger: Ledger) -> tuple[StartedTask, StartedTask]:
    first = await started(ledger)
    ((second,), _) = await pass_gate(ledger, first.id, worker="other", orphans=True)
    return first, second


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_the_present_run_is_recorded_and_counted_once(
    ledger: Ledger, order: tuple[int, int]
) -> None:
    first, second = await two_runs(ledger)
    outcomes = (
        outcome(first, Status.FAILED, error=Failure("late", "late", "Late")),
        outcome(second, result='"second"'),
    )

    assert await ledger.record([outcomes[each] for each in order]) == {
        (first.id, 2): Status.SUCCESS
    }

    found = await ledger.find(first.id)
    assert found is not None
    assert (found.status, bytes(found.result or b""), found.error) == ("success", b'"second"', None)
    counts = (await ledger.ended_counts())["acme"]
    assert (counts.completed, counts.failed) == (1, 0)
    async with ledger.database.read("look") as connection:
        assert await connection.scalar(text("SELECT count(*) FROM task_attempt")) == 0


async def test_a_refused_start_costs_no_run_of_its_neighbours(ledger: Ledger) -> None:
    due, later = new_task(), new_task(run_at=datetime.now(UTC) + timedelta(hours=1))
    await ledger.accept_all([due, later])

    started_tasks, refused = await pass_gate(ledger, due.id, later.id)

    assert [each.id for each in started_tasks] == [due.id]
    assert [each.id for each in refused] == [later.id]
