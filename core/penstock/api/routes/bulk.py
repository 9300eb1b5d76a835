"""Posting many tasks in one request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from penstock.api.access import Principal
from penstock.api.bulk import Bulk, fault_of, read_bulk, refusal, view, whole_problem
from penstock.api.idempotency import request_key
from penstock.api.json_body import read_object
from penstock.api.problems import Problem
from penstock.api.views import BulkItem, Success
from penstock.dispatch import BulkRefusedError, Dispatch, RequestKey, Submission, Submitted
from penstock.plugins import Catalogue


def bulk_routes(*, dispatch: Dispatch, catalogue: Catalogue) -> Sequence[HTTPRouteHandler]:
    """``POST /api/queues/tasks/bulk``."""

    @post("/api/queues/tasks/bulk", status_code=202)
    async def submit_tasks(
        request: Request[Any, Any, Any], principal: NamedDependency[Principal]
    ) -> Response[Success[list[BulkItem]]]:
        """Accept many tasks, all or none (202) or each for itself (207)."""
        bulk = read_bulk(await read_object(request), catalogue, principal=principal.name)
        key = await request_key(request, principal, of="tasks")
        found = await (_all if bulk.atomic else _each)(bulk, key, dispatch, catalogue)
        return Response(
            Success(data=[view(each, request) for each in found]),
            status_code=202 if bulk.atomic else 207,
        )

    return [submit_tasks]


async def _all(
    bulk: Bulk, key: RequestKey | None, dispatch: Dispatch, catalogue: Catalogue
) -> Sequence[Submitted | Problem]:
    problems = {number: each for number, each in enumerate(bulk.items) if isinstance(each, Problem)}
    if problems:
        raise whole_problem(problems)
    submissions = [each for each in bulk.items if isinstance(each, Submission)]
    try:
        return await dispatch.submit_all(submissions, key=key)
    except BulkRefusedError as error:
        raise refusal(error, submissions, catalogue) from error


async def _each(
    bulk: Bulk, key: RequestKey | None, dispatch: Dispatch, catalogue: Catalogue
) -> Sequence[Submitted | Problem]:
    answers: dict[int, Submitted | Problem] = {}
    readable: dict[int, Submission] = {}
    for number, each in enumerate(bulk.items):
        if isinstance(each, Problem):
            answers[number] = each
        else:
            readable[number] = each
    found = await dispatch.submit_each(list(readable.values()), key=key)
    for (number, submission), what in zip(readable.items(), found, strict=True):
        answers[number] = (
            what if isinstance(what, Submitted) else fault_of(what, submission, catalogue)
        )
    return [answers[number] for number in range(len(bulk.items))]
