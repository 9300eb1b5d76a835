"""A request of many submissions, read and answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Request

from penstock.api.acceptance import STATUS, refused_input
from penstock.api.fields import unknown_field
from penstock.api.json_faults import shown
from penstock.api.problem_map import problem_of
from penstock.api.problems import FieldError, Problem, invalid_request
from penstock.api.submission import read_submission
from penstock.api.views import BulkItem, TaskView
from penstock.declarations import PenstockError
from penstock.dispatch import BulkRefusedError, InvalidInputError, Submission, Submitted
from penstock.dispatch.bulk import MAX_TASKS
from penstock.plugins import Catalogue

_FIELDS = ("tasks", "atomic")
_MOST_ERRORS = 20


class Bulk(msgspec.Struct, frozen=True):
    """Many submissions; ``atomic`` if all of them are to be accepted or none.

    ``items`` holds the problem of each that cannot be read.
    """

    items: Sequence[Submission | Problem]
    atomic: bool


def read_bulk(members: Mapping[str, msgspec.Raw], catalogue: Catalogue, *, principal: str) -> Bulk:
    """The submissions in a body's members.

    Raises:
        Problem: 422, if it is none of many submissions.
    """
    errors = [unknown_field(name, _FIELDS) for name in members if name not in _FIELDS]
    atomic = msgspec.json.decode(members["atomic"]) if "atomic" in members else True
    if not isinstance(atomic, bool):
        message = f"expected true or false, got {shown(atomic)}"
        errors.append(FieldError("$.atomic", message, "send true (all or nothing) or false"))
    given: list[msgspec.Raw] = []
    remedy = f'send an array of 1 to {MAX_TASKS} objects like {{"type": "…", "input": {{…}}}}'
    try:
        given = msgspec.json.decode(members.get("tasks", b"null"), type=list[msgspec.Raw])
    except msgspec.ValidationError:
        errors.append(FieldError("$.tasks", "expected an array", remedy))
    else:
        if not 1 <= len(given) <= MAX_TASKS:
            message = f"expected 1 to {MAX_TASKS} submissions, got {len(given)}"
            errors.append(FieldError("$.tasks", message, remedy))
    if errors:
        raise invalid_request(errors[:_MOST_ERRORS])
    items = [_item(each, catalogue, principal) for each in given]
    return Bulk(items, atomic)


def _item(raw: msgspec.Raw, catalogue: Catalogue, principal: str) -> Submission | Problem:
    try:
        members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        got = shown(msgspec.json.decode(raw))
        remedy = 'send an object like {"type": "…", "input": {…}}'
        return invalid_request([FieldError("$", f"expected an object, got {got}", remedy)])
    try:
        return msgspec.structs.replace(read_submission(members, catalogue), principal=principal)
    except Problem as problem:
        return problem


def whole_problem(problems: Mapping[int, Problem]) -> Problem:
    """Why none of many is accepted: what is wrong with each, named by its place."""
    errors = [
        msgspec.structs.replace(each, field=f"$.tasks[{number}]" + each.field.removeprefix("$"))
        for number, problem in problems.items()
        for each in problem.errors
    ]
    if not errors:
        # It is not about the request's content.
        return next(iter(problems.values()))
    return invalid_request(errors[:_MOST_ERRORS])


def refusal(
    error: BulkRefusedError, submissions: Sequence[Submission], catalogue: Catalogue
) -> Problem:
    """The problem that some submissions, and therefore all, are refused."""
    return whole_problem(
        {
            number: fault_of(fault, submissions[number], catalogue)
            for number, fault in error.faults.items()
        }
    )


def fault_of(error: PenstockError, submission: Submission, catalogue: Catalogue) -> Problem:
    """The problem of one submission."""
    if isinstance(error, InvalidInputError):
        return refused_input(error, catalogue.task_type(submission.type))
    return problem_of(error)


def view(found: Submitted | Problem, request: Request[Any, Any, Any]) -> BulkItem:
    """What is answered for one submission."""
    if isinstance(found, Problem):
        return BulkItem(status=found.status_code, problem=found.document(request))
    return BulkItem(status=STATUS[found.origin], origin=found.origin, task=TaskView.of(found.task))
