"""The tasks that a task enqueued."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from collections.abc import Sequence
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from penstock.api.access import Principal
from penstock.api.identifiers import read_id
from penstock.api.pages import Page, page_of, read_page
from penstock.api.task_lookup import task_not_found
from penstock.api.views import TaskView
from penstock.dispatch import Dispatch


def children_routes(*, dispatch: Dispatch) -> Sequence[HTTPRouteHandler]:
    """``GET /api/queues/tasks/{id}/children``."""

    @get("/api/queues/tasks/{task_id:str}/children")
    async def list_children(
        request: Request[Any, Any, Any],
        task_id: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Page[TaskView]:
        """The tasks that a task enqueued while it ran."""
        parent, wanted = read_id(task_id, of="task"), read_page(request)
        found = await dispatch.children(parent, before=wanted.cursor, limit=wanted.limit + 1)
        if not found and await dispatch.find(parent) is None:
            raise task_not_found(parent)
        return page_of(found, wanted, view=TaskView.of, id_of=lambda each: each.id)

    return [list_children]
