"""The routes that list tasks and change many of them, in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from penstock.api.fields import MAX_USER_ID_LENGTH
from penstock.api.openapi.components import Schema, reference
from penstock.api.openapi.parts import (
    ID,
    Operation,
    json_body,
    page,
    page_parameters,
    problems,
    success,
)
from penstock.api.reason import MAX_REASON_LENGTH
from penstock.api.task_filter import MAX_ERROR_LENGTH
from penstock.dispatch import CANCELLABLE, MOST_AT_ONCE, RETRYABLE
from penstock.ledger import Status


def list_tasks() -> Operation:
    """``GET /api/queues/tasks``."""
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "query", **described} for name, described in _filters().items()
    ]
    # `status=failed,cancelled`, as one parameter.
    parameters[0] |= {"style": "form", "explode": False}
    parameters += page_parameters()
    return {
        "operationId": "listTasks",
        "summary": "Tasks, newest first",
        "description": "Those of which all that is asked for is true, without their inputs and "
        "results, which the task itself shows. Pages stay as they are while tasks come in. A page "
        "may be short, even empty, and have a `next`: each looks at a bounded number of rows, and "
        "the following one goes on from there. The list is at its end where `next` is null.",
        "tags": ["tasks"],
        "parameters": parameters,
        "responses": page(reference("TaskSummaryView")) | problems(400, 401, 422, 503),
    }


def _filters(status: frozenset[Status] = frozenset(Status)) -> dict[str, dict[str, Any]]:
    """What one can ask for, by name."""
    words = {"type": "string", "minLength": 1}
    moment = {"type": "string", "format": "date-time"}
    states = [each.value for each in Status if each in status]
    return {
        "status": {
            "description": "One or several of them.",
            "schema": {"type": "array", "items": {"type": "string", "enum": states}},
        },
        "queue": {"description": "The queue that they came through.", "schema": words},
        "type": {"description": "Their task type.", "schema": words},
        "user_id": {
            "description": "For whom they are done.",
            "schema": {**words, "maxLength": MAX_USER_ID_LENGTH},
        },
        "parent_id": {"description": "The task that submitted them.", "schema": ID},
        "batch_id": {"description": "What they are counted with.", "schema": ID},
        "created_after": {
            "description": "Accepted then or later, to the millisecond, as their ids say.",
            "schema": moment,
        },
        "created_before": {"description": "Accepted before that.", "schema": moment},
        "error": {
            "description": "Text that occurs in the code or the message of their error, whatever "
            "the case of A to Z. Unless a status is given, it means tasks that failed or were "
            "cancelled.",
            "schema": {**words, "maxLength": MAX_ERROR_LENGTH},
        },
    }


def cancel_tasks() -> Operation:
    """``POST /api/queues/tasks/cancel``."""
    reason = {"type": "string", "minLength": 1, "maxLength": MAX_REASON_LENGTH}
    return {
        "operationId": "cancelTasks",
        "summary": "Cancel many tasks",
        "description": "Those that wait are cancelled at once; the workers of those that run are "
        "told to stop them.",
        **_change_tasks(CANCELLABLE, {"reason": reason}),
    }


def retry_tasks() -> Operation:
    """``POST /api/queues/tasks/retry``."""
    return {
        "operationId": "retryTasks",
        "summary": "Run many failed or cancelled tasks again",
        "description": "They begin anew, with all their attempts; what they saved as checkpoints "
        "is kept.",
        **_change_tasks(RETRYABLE, {}),
    }


def _change_tasks(status: frozenset[Status], more: dict[str, Schema]) -> Operation:
    """What both ways to change many tasks have in common."""
    ids = {"type": "array", "items": ID, "minItems": 1, "maxItems": MOST_AT_ONCE}
    found = {
        "description": "As in the query of the list; only tasks that can be changed so are meant.",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            name: {**described["schema"], "description": described["description"]}
            for name, described in _filters(status).items()
        },
    }
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_AT_ONCE, "default": MOST_AT_ONCE}
    cursor = {"description": "The `next` of the answer before.", "type": "string"}
    schema = {
        "type": "object",
        "properties": {"ids": ids, "filter": found, "limit": limit, "cursor": cursor, **more},
        "oneOf": [{"required": ["ids"]}, {"required": ["filter"]}],
        "additionalProperties": False,
    }
    return {
        "tags": ["tasks"],
        "requestBody": json_body(schema, required=True),
        "responses": success(reference("BulkView")) | problems(400, 401, 413, 415, 422, 503),
    }
