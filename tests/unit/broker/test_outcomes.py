"""What is recorded of a handler that failed."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from penstock import PermanentError
from penstock.broker import outcomes
from penstock.ledger import StartedTask, Status
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

    found = outcomes.failure(task, letter, error, random.Random(1))

    assert found.error is not None
    assert (found.status, found.error.code) == (Status.FAILED, recorded)
