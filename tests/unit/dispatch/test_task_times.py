"""The moments of a task, and what leaves none to run in."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from penstock.dispatch import InvalidTermError, Submission
from penstock.dispatch.task_times import times_of

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def times(**said):
    return times_of(Submission("acme.resize", "{}", **said), NOW)


def test_without_a_word_there_is_no_limit():
    assert times() == (None, None, None)
    assert times(delay=timedelta(0)) == (None, None, None)


def test_all_moments_are_in_utc():
    zone = timezone(timedelta(hours=2))
    run_at = datetime(2026, 11, 26, 15, tzinfo=zone)

    found = times(run_at=run_at, ttl=2 * HOUR, deadline=run_at + 3 * HOUR)

    assert found == (NOW + HOUR, NOW + 2 * HOUR, NOW + 4 * HOUR)
    assert {each.tzinfo for each in found} == {UTC}


def test_a_time_that_has_passed_means_at_once():
    assert times(run_at=NOW - HOUR, deadline=NOW + HOUR).run_at == NOW - HOUR


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "both": ({"delay": HOUR, "run_at": NOW + HOUR}, "run_at", "a delay as well"),
    "no zone": ({"run_at": NOW.replace(tzinfo=None)}, "run_at", "with its zone"),
    "far": ({"run_at": NOW + timedelta(days=366)}, "run_at", "365 days ahead"),
    "year 1": ({"run_at": datetime.min.replace(tzinfo=UTC)}, "run_at", "before 1970"),
    "year 9999": (
        {"deadline": datetime.max.replace(tzinfo=timezone(-HOUR))},
        "deadline",
        "3650 days ahead",
    ),
    "passed": ({"deadline": NOW}, "deadline", "before the task may start"),
    "too early": ({"delay": HOUR, "deadline": NOW + HOUR}, "deadline", "before the task may"),
    "no ttl": ({"ttl": timedelta(0)}, "ttl", "more than 0"),
    "ttl": ({"ttl": HOUR, "delay": HOUR}, "ttl", "before the task may start"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_leaves_no_time_is_refused(case):
    said, field, message = WRONG[case]
    with pytest.raises(InvalidTermError, match=message) as refused:
        times(**said)
    assert refused.value.field == field
