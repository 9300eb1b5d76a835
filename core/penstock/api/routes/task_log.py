"""What a task's handler has logged."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from penstock.api import cursors
from penstock.api.access import Principal
from penstock.api.identifiers import read_id
from penstock.api.pages import Page, read_page
from penstock.api.task_lookup import found_task
from penstock.api.views import LogLineView
from penstock.dispatch import Dispatch
from penstock.ledger import TaskLog

MOST_LINES = 1000
DEFAULT_LINES = 100
_BEGINNING = UUID(int=0)


def task_log_routes(*, dispatch: Dispatch, task_log: TaskLog) -> Sequence[HTTPRouteHandler]:
    """``GET /api/queues/tasks/{id}/log``."""

    @get("/api/queues/tasks/{task_id:str}/log")
    async def show_log(
        request: Request[Any, Any, Any],
        task_id: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Page[LogLineView]:
        """A page of a task's log, oldest lines first; it is the last one once the task has ended.

        Lines that its task logs later are in the page behind ``next``.
        """
        wanted = read_id(task_id, of="task")
        page = read_page(request, default=DEFAULT_LINES, most=MOST_LINES)
        # Before its lines: those of a task that has ended are all there.
        task = await found_task(dispatch, wanted)
        found = await task_log.page(wanted, after=page.cursor, limit=page.limit + 1)
        lines = found[: page.limit]
        last = lines[-1].id if lines else page.cursor or _BEGINNING
        is_last = task.finished_at is not None and len(found) <= page.limit
        return Page(
            data=[LogLineView.of(each) for each in lines],
            next=None if is_last else cursors.encode(last),
        )

    return [show_log]
