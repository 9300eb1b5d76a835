"""What is recorded of a handler that failed."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from penstock import DeclarationError, PermanentError, Queue, Snooze
from penstock import task as declare
from penstock.broker import outcomes
from penstock.ledger import StartedTask, Status
from penstock.processes.error_report import ErrorReport
from penstock.processes.result import NotStorableError
from tests.unit.api.acme_plugin import letter


@pytest.fixture
def task() -> StartedTask:
    values: dict[str, Any] = {
        "id": uuid7(),
        "type": "acme.letter",
        "queue": "acme",
        "started_at": datetime.now(UTC),
        "input": "{}",
    }
    values |= {
        "run": 1,
        "attempts": 1,
        "max_attempts": 3,
        "losses": 0,
        "priority": 5,
    }
    others: dict[str, Any] = dict.fromkeys(StartedTask.__struct_fields__)
    return StartedTask(**{**others, **values})


@pytest.mark.parametrize(("code", "recorded"), [("boom", "boom"), ("cancelled", "handler_error")])
def test_a_failed_task_never_has_the_code_of_a_cancelled_one(task, code, recorded):
    error = PermanentError("it broke", code=code)

    found = outcomes.failure(task, letter, ErrorReport.of(error), random.Random(1))

    assert found.error is not None
    assert (found.status, found.error.code) == (Status.FAILED, recorded)


def test_seconds_where_a_timedelta_is_wanted_end_the_task_with_the_remedy(task):
    with pytest.raises(DeclarationError) as caught:
        Snooze(300)  # type: ignore[arg-type]

    found = outcomes.failure(task, letter, ErrorReport.of(caught.value), random.Random(1))

    assert found.error is not None
    assert found.status is Status.FAILED
    assert "got 300; write timedelta(seconds=300)" in found.error.message


@pytest.mark.parametrize("value", ["seven", {"n": "seven"}, None])
def test_what_is_not_of_the_declared_type_is_not_stored(task, value):
    @declare("acme.count", queue=Queue("acme"))
    async def count(number: int) -> int:
        return number

    with pytest.raises(NotStorableError, match=r"not its declared output: Expected `int`.*return"):
        outcomes.success(task, count, value, most=100)
