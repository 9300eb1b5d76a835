"""From a submission to the answer that promises it."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from litestar import Response

from penstock.api.input_faults import invalid_input
from penstock.api.preferences import applied
from penstock.api.problems import Problem, too_large
from penstock.api.views import Success, TaskView
from penstock.declarations import TaskType
from penstock.dispatch import Dispatch, InputTooLargeError, InvalidInputError, Submission, Submitted
from penstock.ledger import Origin
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


async def answer(
    submitted: Submitted, *, dispatch: Dispatch, wait: timedelta | None = None
) -> Response[Success[TaskView]]:
    """202 with the task, or 200 if it is an open one that was there already.

    Args:
        submitted: what was accepted.
        dispatch: asked for the outcome.
        wait: for how long the caller prefers to wait for it; if it is there in time, 200 with it.
    """
    task, status = submitted.task, STATUS[submitted.origin]
    headers = {"Location": f"/api/queues/tasks/{task.id}", **_ORIGIN_HEADERS[submitted.origin]}
    if wait is not None:
        headers |= applied(wait)
        task = await dispatch.wait_until_ended(task.id, timeout=wait) or task
        if task.finished_at is not None:
            status = HTTPStatus.OK
    return Response(Success(data=TaskView.of(task)), status_code=status, headers=headers)
