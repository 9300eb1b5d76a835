"""The tasks that a task enqueued."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from collections.abc import Sequence
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from penstock.api import cursors
from penstock.api.access import Principal
from penstock.api.identifiers import read_id
from penstock.api.pages import Page, read_page
from penstock.api.task_lookup import task_not_found
from penstock.api.views import TaskSummaryView
from penstock.dispatch import Dispatch
from penstock.ledger import TaskFilter


def children_routes(*, dispatch: Dispatch) -> Sequence[HTTPRouteHandler]:
    """``GET /api/queues/tasks/{id}/children``."""

    @get("/api/queues/tasks/{task_id:str}/children")
    async def list_children(
        request: Request[Any, Any, Any],
        task_id: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Page[TaskSummaryView]:
        """The tasks that a task enqueued while it ran, newest first, as in the list of tasks."""
        parent, wanted = read_id(task_id, of="task"), read_page(request)
        page = await dispatch.tasks(
            TaskFilter(parent_id=parent), before=wanted.cursor, limit=wanted.limit
        )
        if not page.tasks and await dispatch.find(parent) is None:
            raise task_not_found(parent)
        return Page(
            data=[TaskSummaryView.of(task) for task in page.tasks],
            next=cursors.encode(page.next),
        )

    return [list_children]
