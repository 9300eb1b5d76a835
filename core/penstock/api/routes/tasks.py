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
from penstock.api.submission import read_submission
from penstock.api.task_lookup import found_task
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
        record = await found_task(dispatch, read_id(task_id, of="task"))
        return Success(data=TaskView.of(record))

    return [submit_task, show_task]
