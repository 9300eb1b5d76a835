"""Looking for tasks."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from penstock.api import cursors
from penstock.api.access import Principal
from penstock.api.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from penstock.api.problems import FieldError, invalid_request
from penstock.api.task_filter import (
    FIELDS,
    PAGE_FIELDS,
    Values,
    check_names,
    read_cursor,
    read_limit,
)
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
        values = Values(_query(request), (*FIELDS, *PAGE_FIELDS))
        wanted = values.filter()
        limit = values.read("limit", read_limit(MAX_LIMIT)) or DEFAULT_LIMIT
        before = values.read("cursor", read_cursor)
        values.check()
        page = await dispatch.tasks(wanted, before=before, limit=limit)
        if not page.tasks and before is None and page.next is None:
            check_names(wanted, catalogue)
        return Page(
            data=[TaskSummaryView.of(task) for task in page.tasks],
            next=cursors.encode(page.next),
        )

    return [list_tasks]


def _query(request: Request[Any, Any, Any]) -> Mapping[str, str]:
    """The query's parameters; several statuses may be given one by one.

    Raises:
        Problem: another parameter is there twice.
    """
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found and name != "status":
            message = "this parameter is there more than once"
            raise invalid_request([FieldError(name, message, "give it one value")])
        found[name] = f"{found[name]},{value}" if name in found else value
    return found
