"""Posting tasks and following them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from penstock.api.acceptance import accept, answer, answer_when_ended
from penstock.api.access import Principal
from penstock.api.idempotency import keyed
from penstock.api.identifiers import read_id
from penstock.api.json_body import read_object
from penstock.api.preferences import read_wait
from penstock.api.submission import read_submission
from penstock.api.task_lookup import found_task
from penstock.api.views import Success, TaskView
from penstock.dispatch import Dispatch, EventHub
from penstock.plugins import Catalogue


def task_routes(
    *, dispatch: Dispatch, hub: EventHub, catalogue: Catalogue, max_wait: timedelta
) -> Sequence[HTTPRouteHandler]:
    """``POST /api/queues/tasks`` and ``GET /api/queues/tasks/{id}``."""

    @post("/api/queues/tasks", status_code=202)
    async def submit_task(
        request: Request[Any, Any, Any], principal: NamedDependency[Principal]
    ) -> Response[Success[TaskView]]:
        """Accept a task; the answer is sent once its row is committed.

        Whoever prefers to wait is sent the outcome, if it is there in time.
        """
        asked_for = read_submission(await read_object(request), catalogue)
        submission = keyed(asked_for, request, principal)
        wait = read_wait(request, most=max_wait)
        submitted = await accept(submission, dispatch=dispatch, catalogue=catalogue)
        if wait is None:
            return answer(submitted)
        return await answer_when_ended(submitted, hub=hub, wait=wait)

    @get("/api/queues/tasks/{task_id:str}")
    async def show_task(
        task_id: FromPath[str],
        principal: NamedDependency[Principal],  # noqa: ARG001  (makes Litestar ask who is calling)
    ) -> Success[TaskView]:
        """A task, its progress and its outcome."""
        record = await found_task(dispatch, read_id(task_id, of="task"))
        return Success(data=TaskView.of(record))

    return [submit_task, show_task]
