"""Posting tasks and following them."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from penstock.api.acceptance import accept
from penstock.api.access import Principal
from penstock.api.identifiers import read_id
from penstock.api.json_body import read_object
from penstock.api.problems import Problem
from penstock.api.submission import read_submission
from penstock.api.views import Success, TaskView
from penstock.dispatch import Dispatch
from penstock.plugins import Catalogue


def task_routes(*, dispatch: Dispatch, catalogue: Catalogue) -> Sequence[HTTPRouteHandler]:
    """``POST /api/queues/tasks`` and ``GET /api/queues/tasks/{id}``."""

    @post("/api/queues/tasks", status_code=202)
    async def submit_task(
        request: Request[Any, Any, Any], principal: NamedDependency[Principal]
    ) -> Response[Success[TaskView]]:
        """Accept a task; the answer is sent once its row is committed."""
        submission = read_submission(await read_object(request), catalogue)
        return await accept(submission, dispatch=dispatch, catalogue=catalogue)

    @get("/api/queues/tasks/{task_id:str}")
    async def show_task(
        task_id: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[TaskView]:
        """A task, its progress and its outcome."""
        wanted = read_id(task_id, of="task")
        record = await dispatch.find(wanted)
        if record is None:
            raise Problem(
                "task-not-found",
                status=404,
                title="There is no such task",
                detail=f"there is no task {wanted}; the answer to its POST has the id",
            )
        return Success(data=TaskView.of(record))

    return [submit_task, show_task]
