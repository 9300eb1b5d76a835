"""Looking for tasks."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from penstock.api import cursors
from penstock.api.access import Principal
from penstock.api.fields import Values, read_query
from penstock.api.pages import PAGE_FIELDS, Page, page_in
from penstock.api.task_filter import FIELDS, check_names, read_filter
from penstock.api.views import TaskSummaryView
from penstock.dispatch import Dispatch
from penstock.plugins import Catalogue


def task_list_routes(*, dispatch: Dispatch, catalogue: Catalogue) -> Sequence[HTTPRouteHandler]:
    """``GET /api/queues/tasks``."""

    @get("/api/queues/tasks")
    async def list_tasks(
        request: Request[Any, Any, Any], principal: NamedDependency[Principal]
    ) -> Page[TaskSummaryView]:
        """Tasks, newest first, without their inputs and results."""
        values = Values(read_query(request, several=["status"]), (*FIELDS, *PAGE_FIELDS))
        wanted, place = read_filter(values), page_in(values)
        values.check()
        page = await dispatch.tasks(wanted, before=place.cursor, limit=place.limit)
        if not page.tasks and place.cursor is None and page.next is None:
            check_names(wanted, catalogue)
        return Page(
            data=[TaskSummaryView.of(task) for task in page.tasks],
            next=cursors.encode(page.next),
        )

    return [list_tasks]
