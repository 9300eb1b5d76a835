"""From a submission to the answer that promises it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from litestar import Response

from penstock.api.input_faults import invalid_input
from penstock.api.preferences import applied
from penstock.api.problems import Problem, too_large
from penstock.api.views import Success, TaskView
from penstock.declarations import TaskType
from penstock.dispatch import (
    Dispatch,
    EventHub,
    InputTooLargeError,
    InvalidInputError,
    Submission,
    Submitted,
)
from penstock.ledger import Origin, TaskRecord
from penstock.plugins import Catalogue

STATUS = {
    Origin.NEW: HTTPStatus.ACCEPTED,
    Origin.REPLAYED: HTTPStatus.ACCEPTED,
    Origin.EXISTING: HTTPStatus.OK,
}
"""How a task is answered that has not been waited for."""
_ORIGIN_HEADERS = {
    Origin.NEW: {},
    Origin.REPLAYED: {"Idempotency-Replayed": "true"},
    Origin.EXISTING: {"Existing-Task": "true"},
}


async def accept(submission: Submission, *, dispatch: Dispatch, catalogue: Catalogue) -> Submitted:
    """Accept a task; on return its row, and those of its files, are committed.

    Raises:
        Problem: 413, if the input is too long; 422, if it does not fit the task type.
        QueueFullError: as many tasks wait as may.
        LedgerUnavailableError: the database is away; nothing is promised.
    """
    try:
        return await dispatch.accept(submission)
    except InvalidInputError as error:
        raise refused_input(error, catalogue.task_type(submission.type)) from error


def refused_input(error: InvalidInputError, task_type: TaskType[Any, Any]) -> Problem:
    """The problem that an input is not taken."""
    if isinstance(error, InputTooLargeError):
        setting = "PENSTOCK_MAX_INPUT_BYTES"
        return too_large("$.input", "the input", error.limit, setting=setting, size=error.size)
    return invalid_input(error, task_type)


def answer(submitted: Submitted) -> Response[Success[TaskView]]:
    """202 with the task, or 200 if it is an open one that was there already."""
    return _response(submitted.task, submitted.origin, status=STATUS[submitted.origin])


async def answer_when_ended(
    submitted: Submitted, *, hub: EventHub, wait: timedelta
) -> Response[Success[TaskView]]:
    """200 with the task that has ended, or what :func:`answer` gives if that takes too long.

    Args:
        submitted: what was accepted.
        hub: hears of the outcome.
        wait: for how long the caller prefers to wait for it.
    """
    task = await hub.ended(submitted.task.id, wait) or submitted.task
    status = STATUS[submitted.origin] if task.finished_at is None else HTTPStatus.OK
    return _response(task, submitted.origin, status=status, headers=applied(wait))


def _response(
    task: TaskRecord,
    origin: Origin,
    *,
    status: HTTPStatus,
    headers: Mapping[str, str] | None = None,
) -> Response[Success[TaskView]]:
    said = {
        "Location": f"/api/queues/tasks/{task.id}",
        **_ORIGIN_HEADERS[origin],
        **(headers or {}),
    }
    return Response(Success(data=TaskView.of(task)), status_code=status, headers=said)
