"""From a submission to the answer that promises it."""

from litestar import Response

from penstock.api.input_faults import invalid_input
from penstock.api.problems import too_large
from penstock.api.views import Success, TaskView
from penstock.dispatch import Dispatch, InputTooLargeError, InvalidInputError, Submission
from penstock.plugins import Catalogue


async def accept(
    submission: Submission, *, dispatch: Dispatch, catalogue: Catalogue
) -> Response[Success[TaskView]]:
    """Accept a task; the answer is there once its row, and those of its files, are committed.

    Raises:
        Problem: 413, if the input is too long; 422, if it does not fit the task type.
        QueueFullError: as many tasks wait as may.
        LedgerUnavailableError: the database is away; nothing is promised.
    """
    try:
        record = await dispatch.submit(submission)
    except InputTooLargeError as error:
        setting = "PENSTOCK_MAX_INPUT_BYTES"
        raise too_large(
            "$.input", "the input", error.limit, setting=setting, size=error.size
        ) from error
    except InvalidInputError as error:
        raise invalid_input(error, catalogue.task_type(submission.type)) from error
    return Response(
        Success(data=TaskView.of(record)),
        status_code=202,
        headers={"Location": f"/api/queues/tasks/{record.id}"},
    )
