"""The routes of batches and of children in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from penstock.api.openapi.components import Schema, reference
from penstock.api.openapi.parts import (
    ID,
    IDEMPOTENCY_KEY,
    Operation,
    json_body,
    page,
    page_parameters,
    path_parameter,
    problems,
    success,
)
from penstock.api.reason import MAX_REASON_LENGTH
from penstock.dispatch.batch_submission import MAX_BATCH_TASKS


def batch_paths() -> dict[str, dict[str, Operation]]:
    """Every path about batches and children, and its operations."""
    view = reference("BatchView")
    accepted = success(view, status=202, description="The batch is accepted")
    accepted["202"]["headers"] = {
        "Location": {"description": "Where to follow the batch", "schema": {"type": "string"}}
    }
    one = [path_parameter("batch_id", ID)]
    more = {
        "type": "object",
        "properties": {"tasks": _tasks()},
        "required": ["tasks"],
        "additionalProperties": False,
    }
    reason = {
        "type": "object",
        "properties": {
            "reason": {"type": "string", "minLength": 1, "maxLength": MAX_REASON_LENGTH}
        },
        "additionalProperties": False,
    }
    return {
        "/api/batches": {
            "post": _operation(
                "submitBatch",
                "Post a batch of tasks",
                "All of it is accepted, or nothing. When all of its tasks have ended, however they "
                "did, its callback runs once. A batch that is not `sealed` takes more tasks, and "
                "finishes no sooner than it is.",
                parameters=[IDEMPOTENCY_KEY],
                requestBody=json_body(reference("BatchSubmission"), required=True),
                responses=accepted | problems(400, 401, 409, 413, 415, 422, 429, 503),
            ),
            "get": _operation(
                "listBatches",
                "Batches, newest first",
                "All of their tasks are counted. So a page of large batches has fewer than "
                "`limit`, and its `next` goes on.",
                parameters=page_parameters(),
                responses=page(view) | problems(401, 422, 503),
            ),
        },
        "/api/batches/{batch_id}": {
            "get": _operation(
                "showBatch",
                "A batch, and how far it is",
                parameters=one,
                responses=success(view) | problems(400, 401, 404, 503),
            )
        },
        "/api/batches/{batch_id}/tasks": {
            "post": _operation(
                "addToBatch",
                "Add tasks to a batch that is not sealed",
                "All of them are accepted, or none.",
                parameters=[*one, IDEMPOTENCY_KEY],
                requestBody=json_body(more, required=True),
                responses=success(view, status=202, description="The tasks are accepted")
                | problems(400, 401, 404, 409, 413, 415, 422, 429, 503),
            )
        },
        "/api/batches/{batch_id}/seal": {
            "post": _operation(
                "sealBatch",
                "Add no more tasks to a batch",
                "It finishes when all that it has have ended. Sealing it again changes nothing.",
                parameters=one,
                responses=success(view) | problems(400, 401, 404, 503),
            )
        },
        "/api/batches/{batch_id}/cancel": {
            "post": _operation(
                "cancelBatch",
                "Cancel the open tasks of a batch",
                "It takes no more tasks, and its callback does not run. If it is so large that "
                "some of its tasks wait still, repeat it.",
                parameters=one,
                requestBody=json_body(reason),
                responses=success(view, description="The batch is cancelled")
                | success(
                    view, status=202, description="Workers have been told to stop what still runs"
                )
                | problems(400, 401, 404, 409, 413, 415, 422, 503),
            )
        },
        "/api/queues/tasks/{task_id}/children": {
            "get": {
                "operationId": "listChildren",
                "summary": "The tasks that a task enqueued while it ran",
                "description": "As in the list of tasks, newest first.",
                "tags": ["tasks"],
                "parameters": [path_parameter("task_id", ID), *page_parameters()],
                "responses": page(reference("TaskSummaryView")) | problems(400, 401, 404, 422, 503),
            }
        },
    }


def _operation(name: str, summary: str, description: str = "", **more: Any) -> Operation:
    described = {"description": description} if description else {}
    return {"operationId": name, "summary": summary, **described, "tags": ["batches"], **more}


def _tasks() -> Schema:
    return {"type": "array", "maxItems": MAX_BATCH_TASKS, "items": reference("Submission")}
