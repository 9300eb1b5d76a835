"""What can be asked of a task after it was accepted: cancel it, or run it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from penstock.api.access import Principal
from penstock.api.identifiers import read_id
from penstock.api.problems import Problem
from penstock.api.reason import by_whom
from penstock.api.task_lookup import found_task, task_not_found
from penstock.api.views import Success, TaskView
from penstock.dispatch import Dispatch
from penstock.ledger import Status, Transition


def task_transition_routes(*, dispatch: Dispatch) -> Sequence[HTTPRouteHandler]:
    """``POST /api/queues/tasks/{id}/cancel`` and ``POST /api/queues/tasks/{id}/retry``."""

    @post("/api/queues/tasks/{task_id:str}/cancel", status_code=200)
    async def cancel_task(
        request: Request[Any, Any, Any],
        task_id: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Response[Success[TaskView]]:
        """Cancel a task: 200 if it is cancelled now, 202 if its worker has been told to stop it."""
        wanted = read_id(task_id, of="task")
        found = await dispatch.cancel(wanted, reason=await by_whom(request, principal))
        if found is None:
            raise task_not_found(wanted)
        if found.status not in {Status.CANCELLED, Status.RUNNING}:
            raise _refused(wanted, found, "it has ended already, and cannot be cancelled")
        view = TaskView.of(await found_task(dispatch, wanted))
        ended = view.finished_at is not None
        return Response(Success(data=view), status_code=200 if ended else 202)

    @post("/api/queues/tasks/{task_id:str}/retry", status_code=202)
    async def retry_task(
        task_id: FromPath[str],
        principal: NamedDependency[Principal],  # noqa: ARG001  (makes Litestar ask who is calling)
    ) -> Success[TaskView]:
        """Run a failed or cancelled task again, with all its attempts."""
        wanted = read_id(task_id, of="task")
        found = await dispatch.retry(wanted)
        if found is None:
            raise task_not_found(wanted)
        if not found.changed:
            raise _refused(wanted, found, _why_not_again(found))
        return Success(data=TaskView.of(await found_task(dispatch, wanted)))

    return [cancel_task, retry_task]


def _why_not_again(found: Transition) -> str:
    if found.too_late:
        return "its deadline has passed; post a new task with a later one"
    if found.status is Status.SUCCESS:
        return "it has succeeded; post a new task to have it done once more"
    return "it has not ended yet, and runs without being asked again"


def _refused(task_id: UUID, found: Transition, why: str) -> Problem:
    return Problem(
        "task-status-conflict",
        status=409,
        title="The task's status does not allow this",
        detail=f"task {task_id} is {found.status.value}: {why}",
    )
