"""Cancelling many tasks, or running them again, by their ids or by a filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from penstock.api import cursors
from penstock.api.access import Principal
from penstock.api.fields import Values, unknown_field
from penstock.api.identifiers import uuid_of
from penstock.api.json_body import read_object
from penstock.api.json_faults import shown
from penstock.api.pages import PAGE_FIELDS, page_in
from penstock.api.problems import FieldError, invalid_request
from penstock.api.reason import check_reason
from penstock.api.task_filter import FIELDS, check_names, read_filter, texts
from penstock.api.views import Success
from penstock.dispatch import CANCELLABLE, MOST_AT_ONCE, RETRYABLE, Dispatch
from penstock.ledger import Status, TaskFilter, Transition
from penstock.plugins import Catalogue

_FIELDS = ("ids", "filter", "limit", "cursor")
_MOST_ERRORS = 20
_FILTER_REMEDY = f"name at least one of {', '.join(FIELDS)}"


class BulkTaskView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one task.

    ``changed``: it is cancelled, or its worker is told to stop it; or it runs again. ``unchanged``:
    its ``status`` does not allow that. ``not_found``: there is no such task.
    """

    id: UUID
    outcome: Literal["changed", "unchanged", "not_found"]
    status: Status | None


class BulkView(msgspec.Struct, frozen=True, kw_only=True):
    """What a request did: counts, and each task.

    ``next``: tasks are left that the filter finds; the same request with it as its ``cursor``
    goes on.
    """

    changed: int
    unchanged: int
    not_found: int
    tasks: list[BulkTaskView]
    next: str | None


class _Wanted(NamedTuple):
    """What a body asks for: some ids, or a filter with the part of its list that is meant."""

    ids: list[UUID]
    filter: TaskFilter | None
    before: UUID | None
    limit: int
    reason: str | None


def task_bulk_routes(*, dispatch: Dispatch, catalogue: Catalogue) -> Sequence[HTTPRouteHandler]:
    """``POST /api/queues/tasks/cancel`` and ``POST /api/queues/tasks/retry``."""

    @post("/api/queues/tasks/cancel", status_code=200)
    async def cancel_tasks(
        request: Request[Any, Any, Any], principal: NamedDependency[Principal]
    ) -> Success[BulkView]:
        """Cancel tasks: those that wait at once, those that run by telling their workers."""
        wanted = await _read(request, (*_FIELDS, "reason"), CANCELLABLE)
        by = f"cancelled by {principal.name}"
        reason = f"{by}: {wanted.reason}" if wanted.reason else by
        if wanted.filter is None:
            return _answer(await dispatch.cancel_all(wanted.ids, reason=reason), wanted.ids, None)
        swept = await dispatch.cancel_found(
            wanted.filter, before=wanted.before, limit=wanted.limit, reason=reason
        )
        if not swept.found and wanted.before is None and swept.next is None:
            check_names(wanted.filter, catalogue, "$.filter.")
        return _answer(swept.found, list(swept.found), swept.next)

    @post("/api/queues/tasks/retry", status_code=200)
    async def retry_tasks(
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],  # noqa: ARG001  (makes Litestar ask who is calling)
    ) -> Success[BulkView]:
        """Run failed and cancelled tasks again, with all their attempts."""
        wanted = await _read(request, _FIELDS, RETRYABLE)
        if wanted.filter is None:
            return _answer(await dispatch.retry_all(wanted.ids), wanted.ids, None)
        swept = await dispatch.retry_found(wanted.filter, before=wanted.before, limit=wanted.limit)
        if not swept.found and wanted.before is None and swept.next is None:
            check_names(wanted.filter, catalogue, "$.filter.")
        return _answer(swept.found, list(swept.found), swept.next)

    return [cancel_tasks, retry_tasks]


def _answer(
    found: Mapping[UUID, Transition], ids: Sequence[UUID], following: UUID | None
) -> Success[BulkView]:
    tasks = []
    for task_id in dict.fromkeys(ids):
        task = found.get(task_id)
        outcome: Literal["changed", "unchanged", "not_found"] = (
            "not_found" if task is None else "changed" if task.changed else "unchanged"
        )
        status = None if task is None else task.status
        tasks.append(BulkTaskView(id=task_id, outcome=outcome, status=status))
    view = BulkView(
        changed=sum(each.outcome == "changed" for each in tasks),
        unchanged=sum(each.outcome == "unchanged" for each in tasks),
        not_found=sum(each.outcome == "not_found" for each in tasks),
        tasks=tasks,
        next=cursors.encode(following),
    )
    return Success(data=view)


async def _read(
    request: Request[Any, Any, Any], known: Sequence[str], status: frozenset[Status]
) -> _Wanted:
    """What a body asks for.

    Raises:
        Problem: naming every field that is wrong.
    """
    members = {name: msgspec.json.decode(raw) for name, raw in (await read_object(request)).items()}
    errors = [unknown_field(name, known) for name in members if name not in known]
    given = [name for name in ("ids", "filter") if members.get(name) is not None]
    if len(given) != 1:
        message = f"expected one of 'ids' and 'filter', got {' and '.join(given) or 'neither'}"
        errors.append(FieldError("$", message, "name the tasks, or say which ones are meant"))
    part = {name: members[name] for name in PAGE_FIELDS if name in members}
    page = Values(texts(part, "$."), PAGE_FIELDS, "$.")
    limit, before = page_in(page, default=MOST_AT_ONCE, most=MOST_AT_ONCE)
    if "ids" in given and part:
        message = "this is said of a filter, and not of ids"
        errors += [FieldError(f"$.{name}", message, "remove it") for name in part]
    errors += page.errors + check_reason(members.get("reason"))
    ids: list[UUID] = []
    wanted = None
    if given == ["ids"]:
        ids = _ids(members["ids"], errors)
    elif given == ["filter"]:
        wanted = _filter(members["filter"], status, errors)
    if errors:
        raise invalid_request(errors[:_MOST_ERRORS])
    return _Wanted(ids, wanted, before, limit, members.get("reason"))


def _ids(value: object, errors: list[FieldError]) -> list[UUID]:
    remedy = f"send a list of 1 to {MOST_AT_ONCE} ids, as the API gave them"
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_AT_ONCE:
        got = f"a list of {len(value)}" if isinstance(value, list) else shown(value)
        errors.append(FieldError("$.ids", f"expected a list of ids, got {got}", remedy))
        return []
    found = []
    for index, each in enumerate(value):
        one = uuid_of(each) if isinstance(each, str) else None
        if one is None:
            message = f"expected a UUID, got {shown(each)}"
            errors.append(FieldError(f"$.ids[{index}]", message, remedy))
        else:
            found.append(one)
    return found


def _filter(
    value: object, status: frozenset[Status], errors: list[FieldError]
) -> TaskFilter | None:
    if not isinstance(value, dict):
        message = f"expected an object, got {shown(value)}"
        errors.append(FieldError("$.filter", message, _FILTER_REMEDY))
        return None
    values = Values(texts(value, "$.filter."), FIELDS, "$.filter.")
    found = read_filter(values, only=status)
    errors += values.errors
    # All tasks that there are, by mistake, are too many.
    if not values.errors and found == TaskFilter():
        errors.append(FieldError("$.filter", "it says nothing", _FILTER_REMEDY))
    return found
