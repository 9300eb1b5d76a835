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

from penstock.api.access import Principal
from penstock.api.identifiers import read_id
from penstock.api.problems import FieldError, invalid_request
from penstock.api.task_lookup import found_task
from penstock.api.views import LogLineView, LogPage, Success
from penstock.dispatch import Dispatch
from penstock.ledger import TaskLog

MOST_LINES = 1000
DEFAULT_LINES = 100
PARAMETERS = ("after", "limit")


def task_log_routes(*, dispatch: Dispatch, task_log: TaskLog) -> Sequence[HTTPRouteHandler]:
    """``GET /api/queues/tasks/{id}/log``."""

    @get("/api/queues/tasks/{task_id:str}/log")
    async def show_log(
        request: Request[Any, Any, Any],
        task_id: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Success[LogPage]:
        """A page of a task's log, oldest lines first."""
        wanted = read_id(task_id, of="task")
        after, limit = _read_query(request)
        await found_task(dispatch, wanted)
        lines = await task_log.page(wanted, after=after, limit=limit)
        return Success(
            data=LogPage(
                lines=[LogLineView.of(each) for each in lines],
                next=lines[-1].id if len(lines) == limit else None,
            )
        )

    return [show_log]


def _read_query(request: Request[Any, Any, Any]) -> tuple[UUID | None, int]:
    """Behind which line to begin, and how many lines.

    Raises:
        Problem: 422, for a parameter that is unknown or cannot be honoured.
    """
    query = request.query_params
    errors = [
        FieldError(name, f"there is no parameter {name!r}", f"use {' or '.join(PARAMETERS)}")
        for name in query
        if name not in PARAMETERS
    ]
    limit = query.get("limit", str(DEFAULT_LINES))
    if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit[:9]) <= MOST_LINES):
        message = f"expected a whole number from 1 to {MOST_LINES}, got {limit[:100]!r}"
        errors.append(FieldError("limit", message, "send such a number, or leave it out"))
    if errors:
        raise invalid_request(errors)
    after = query.get("after")
    return None if after is None else read_id(after, of="log line"), int(limit)
