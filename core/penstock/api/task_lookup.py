"""A task by its id, or the problem that there is none."""

from uuid import UUID

from penstock.api.problems import Problem
from penstock.dispatch import Dispatch
from penstock.ledger import TaskRecord


async def found_task(dispatch: Dispatch, task_id: UUID) -> TaskRecord:
    """The task of that id.

    Raises:
        Problem: 404, if there is none.
    """
    record = await dispatch.find(task_id)
    if record is None:
        raise task_not_found(task_id)
    return record


def task_not_found(task_id: UUID) -> Problem:
    """There is no task of that id."""
    return Problem(
        "task-not-found",
        status=404,
        title="There is no such task",
        detail=f"there is no task {task_id}; the answer to its POST has the id",
    )
