"""When a task may start, and by when it has to start and to end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from penstock.dispatch.errors import InvalidTermError
from penstock.dispatch.submission import Submission

MAX_DELAY = timedelta(days=365)
"""How long a task may be told to wait at most, and its longest time-to-live."""
MAX_DEADLINE = timedelta(days=3650)
"""How far ahead a deadline may lie."""

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


class TaskTimes(NamedTuple):
    """The moments of a task, in UTC; ``None`` is no limit."""

    run_at: datetime | None
    expires_at: datetime | None
    deadline: datetime | None


def times_of(submission: Submission, now: datetime) -> TaskTimes:
    """The moments that a submission names; ``delay`` and ``ttl`` count from ``now``.

    A ``run_at`` that has passed means at once.

    Raises:
        InvalidTermError: for what is out of bounds, or leaves no time in which to run.
    """
    run_at = _run_at(submission, now)
    expires_at = None
    if submission.ttl is not None:
        if not timedelta(0) < submission.ttl <= MAX_DELAY:
            message = (
                f"expected more than 0 and at most {MAX_DELAY.days} days, got {submission.ttl}"
            )
            raise InvalidTermError("ttl", message, "say how long the task may wait for its start")
        expires_at = now + submission.ttl
        if run_at is not None and expires_at <= run_at:
            message = "it would end before the task may start"
            raise InvalidTermError("ttl", message, "make it longer: it counts from the submission")
    deadline = submission.deadline
    if deadline is not None:
        deadline = _bounded("deadline", deadline, now, MAX_DEADLINE)
        if deadline <= max(run_at or now, now):
            message = "it lies before the task may start"
            raise InvalidTermError("deadline", message, "name a later moment, or leave it out")
    return TaskTimes(run_at, expires_at, deadline)


def _run_at(submission: Submission, now: datetime) -> datetime | None:
    if submission.run_at is None:
        return now + submission.delay if submission.delay else None
    if submission.delay is not None:
        message = "there is a delay as well"
        raise InvalidTermError("run_at", message, "say one of both")
    return _bounded("run_at", submission.run_at, now, MAX_DELAY)


def _bounded(field: str, moment: datetime, now: datetime, most: timedelta) -> datetime:
    """``moment`` in UTC."""
    if moment.tzinfo is None:
        message = f"expected a time with its zone, got {moment.isoformat()}"
        raise InvalidTermError(field, message, "add the offset from UTC, like +01:00, or Z")
    # Compared first: near the ends of the calendar there is no UTC of it.
    if moment > now + most:
        message = f"it lies more than {most.days} days ahead"
        raise InvalidTermError(field, message, "name an earlier moment")
    if moment < _EARLIEST:
        message = f"it lies before {_EARLIEST.year}"
        raise InvalidTermError(field, message, "name a later moment, or leave it out")
    return moment.astimezone(UTC)
