"""Posting batches of tasks, following them, and cancelling them."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from penstock.api import cursors
from penstock.api.access import Principal
from penstock.api.batch import part_problem, read_batch, read_more_tasks
from penstock.api.batch_view import BatchView
from penstock.api.idempotency import request_key
from penstock.api.identifiers import read_id
from penstock.api.json_body import read_object
from penstock.api.pages import Page, read_page
from penstock.api.problems import Problem
from penstock.api.reason import by_whom
from penstock.api.views import Success
from penstock.dispatch import BatchPartError, TaskBatches
from penstock.ledger import BatchRecord
from penstock.plugins import Catalogue

T = TypeVar("T")


def batch_routes(*, batches: TaskBatches, catalogue: Catalogue) -> Sequence[HTTPRouteHandler]:
    """``/api/batches``, ``/api/batches/{id}`` and what can be done to one."""

    async def accepted(accepting: Awaitable[T]) -> T:
        try:
            return await accepting
        except BatchPartError as error:
            raise part_problem(error, catalogue) from error

    @post("/api/batches", status_code=202)
    async def submit_batch(
        request: Request[Any, Any, Any], principal: NamedDependency[Principal]
    ) -> Response[Success[BatchView]]:
        """Accept a batch with its first tasks; the answer is sent once all of it is committed."""
        wanted = read_batch(await read_object(request), catalogue)
        key = await request_key(request, principal, of="batch")
        record = await accepted(batches.submit(wanted, by=principal.name, key=key))
        return Response(
            Success(data=BatchView.of(record)),
            status_code=202,
            headers={"Location": f"/api/batches/{record.id}"},
        )

    @get("/api/batches")
    async def list_batches(
        request: Request[Any, Any, Any], principal: NamedDependency[Principal]
    ) -> Page[BatchView]:
        """Batches, newest first."""
        wanted = read_page(request)
        page = await batches.page(before=wanted.cursor, limit=wanted.limit)
        return Page(
            data=[BatchView.of(each) for each in page.batches], next=cursors.encode(page.next)
        )

    @get("/api/batches/{batch_id:str}")
    async def show_batch(
        batch_id: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[BatchView]:
        """A batch, and how far it is."""
        wanted = read_id(batch_id, of="batch")
        return Success(data=BatchView.of(_there(wanted, await batches.find(wanted))))

    @post("/api/batches/{batch_id:str}/tasks", status_code=202)
    async def add_to_batch(
        request: Request[Any, Any, Any],
        batch_id: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Success[BatchView]:
        """Accept more tasks of a batch that is not sealed, all of them or none."""
        wanted = read_id(batch_id, of="batch")
        tasks = read_more_tasks(await read_object(request), catalogue)
        key = await request_key(request, principal, of=f"batch {wanted}")
        record = await accepted(batches.add(wanted, tasks, key=key))
        return Success(data=BatchView.of(_there(wanted, record)))

    @post("/api/batches/{batch_id:str}/seal", status_code=200)
    async def seal_batch(
        batch_id: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[BatchView]:
        """Take no more tasks of a batch; it finishes when all that it has have ended."""
        wanted = read_id(batch_id, of="batch")
        return Success(data=BatchView.of(_there(wanted, await batches.seal(wanted))))

    @post("/api/batches/{batch_id:str}/cancel", status_code=200)
    async def cancel_batch(
        request: Request[Any, Any, Any],
        batch_id: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Response[Success[BatchView]]:
        """Cancel the open tasks of a batch: 200 if all have ended, 202 if some still run."""
        wanted = read_id(batch_id, of="batch")
        reason = f"batch {wanted} was {await by_whom(request, principal)}"
        record = _there(wanted, await batches.cancel(wanted, reason=reason))
        if record.cancelled_at is None:
            raise Problem(
                "batch-finished",
                status=409,
                title="The batch has finished",
                detail=f"batch {wanted} has finished already, and cannot be cancelled",
            )
        return Response(
            Success(data=BatchView.of(record)),
            status_code=202 if record.finished_at is None else 200,
        )

    return [submit_batch, list_batches, show_batch, add_to_batch, seal_batch, cancel_batch]


def _there(batch_id: UUID, record: BatchRecord | None) -> BatchRecord:
    if record is None:
        raise Problem(
            "batch-not-found",
            status=404,
            title="There is no such batch",
            detail=f"there is no batch {batch_id}; the answer to its POST has the id",
        )
    return record
