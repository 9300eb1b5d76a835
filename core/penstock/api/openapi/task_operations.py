"""The routes of the OpenAPI document by which a task is posted, followed and changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penstock.api.openapi.components import reference
from penstock.api.openapi.parts import (
    ID,
    IDEMPOTENCY_KEY,
    Operation,
    accepted,
    json_body,
    page,
    page_parameters,
    path_parameter,
    problems,
    success,
)
from penstock.api.openapi.task_lists import cancel_tasks, list_tasks, retry_tasks
from penstock.api.reason import MAX_REASON_LENGTH
from penstock.api.routes.events import LAST_EVENT_ID
from penstock.api.routes.task_log import DEFAULT_LINES, MOST_LINES
from penstock.declarations import TaskType
from penstock.dispatch.inputs import MAX_DEPTH

_PREFER = {
    "name": "Prefer",
    "in": "header",
    "description": "`wait=20` (RFC 7240): wait for the outcome for up to so many seconds.",
    "schema": {"type": "string"},
    "example": "wait=20",
}


def task_paths(
    task_types: Sequence[TaskType[Any, Any]], *, max_body_bytes: int
) -> dict[str, dict[str, Operation]]:
    """What is done with tasks, one by one and many at once."""
    return {
        "/api/queues/tasks": {
            "get": list_tasks(),
            "post": _submit_task(task_types, max_body_bytes),
        },
        "/api/queues/tasks/cancel": {"post": cancel_tasks()},
        "/api/queues/tasks/retry": {"post": retry_tasks()},
        "/api/queues/tasks/bulk": {"post": _submit_tasks(max_body_bytes)},
        "/api/queues/tasks/{task_id}": {
            "get": {
                "operationId": "showTask",
                "summary": "A task, its progress and its outcome",
                "tags": ["tasks"],
                "parameters": [path_parameter("task_id", ID)],
                "responses": success(reference("Task")) | problems(400, 401, 404, 503),
            }
        },
        "/api/queues/tasks/{task_id}/cancel": {"post": _cancel_task()},
        "/api/queues/tasks/{task_id}/retry": {
            "post": {
                "operationId": "retryTask",
                "summary": "Run a failed or cancelled task again",
                "description": "It begins anew, with all its attempts; what it saved as a "
                "checkpoint is kept. Its time-to-live counts no more, and its deadline does: once "
                "that has passed, the answer is 409.",
                "tags": ["tasks"],
                "parameters": [path_parameter("task_id", ID)],
                "responses": success(
                    reference("Task"), status=202, description="The task runs again"
                )
                | problems(400, 401, 404, 409, 503),
            }
        },
        "/api/queues/tasks/{task_id}/events": {"get": _follow_task()},
        "/api/queues/tasks/{task_id}/log": {"get": _show_log()},
    }


def _submit_task(task_types: Sequence[TaskType[Any, Any]], max_body_bytes: int) -> Operation:
    examples = {
        f"{each.name} {number}": {"value": {"type": each.name, "input": example}}
        for each in task_types
        for number, example in enumerate(each.plain_examples(), 1)
    }
    return {
        "operationId": "submitTask",
        "summary": "Post a task",
        "description": "The answer is sent once the task is stored; from then on it is not lost. "
        f"A body has at most {max_body_bytes} bytes, and `input` at most {MAX_DEPTH} levels of "
        "arrays and objects.",
        "tags": ["tasks"],
        "parameters": [IDEMPOTENCY_KEY, _PREFER],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": reference("Submission"), "examples": examples}
            },
        },
        "responses": accepted(waits=True) | problems(400, 401, 409, 413, 415, 422, 429, 503),
    }


def _submit_tasks(max_body_bytes: int) -> Operation:
    items = {"type": "array", "items": reference("BulkItem")}
    return {
        "operationId": "submitTasks",
        "summary": "Post many tasks",
        "description": "All of them are accepted or none, or, if `atomic` is false, each for "
        "itself. The answer says for each, in order, which task it is, or what is wrong with it. "
        "With an idempotency key the request may be repeated: it is answered with the same tasks, "
        f"and what was refused is tried again. A body has at most {max_body_bytes} bytes.",
        "tags": ["tasks"],
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": json_body(reference("Bulk"), required=True),
        "responses": success(items, status=202, description="All tasks are accepted")
        | success(items, status=207, description="What became of each")
        | problems(400, 401, 409, 413, 415, 422, 429, 503),
    }


def submit_upload(max_body_bytes: int, max_upload_bytes: int) -> Operation:
    """A file that becomes a task."""
    return {
        "operationId": "submitUpload",
        "summary": "Post a file",
        "description": "The file becomes a task of a type that takes files: those with an `upload` "
        "in `GET /api/task-types`. The answer is sent once the file and the task are stored. "
        f"A body has at most {max_upload_bytes} bytes; its parts beside the file, together, at "
        f"most {max_body_bytes}. Put the file last: what is wrong with the parts before it is "
        "answered before it is read.",
        "tags": ["tasks"],
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": reference("Upload"),
                    "encoding": {"input": {"contentType": "application/json"}},
                }
            },
        },
        "responses": accepted() | problems(400, 401, 409, 413, 415, 422, 429, 503),
    }


def _cancel_task() -> Operation:
    reason = {"type": "string", "minLength": 1, "maxLength": MAX_REASON_LENGTH}
    schema = {
        "type": "object",
        "properties": {
            "reason": {**reason, "description": "For people, and for the task's handler."}
        },
        "additionalProperties": False,
    }
    told = "Its worker has been told, and stops it unless it ends by itself before"
    return {
        "operationId": "cancelTask",
        "summary": "Cancel a task",
        "description": "A task that waits is cancelled at once. One that runs is stopped by its "
        "worker, usually within a second; if it succeeds before, it has succeeded.",
        "tags": ["tasks"],
        "parameters": [path_parameter("task_id", ID)],
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": success(reference("Task"), description="The task is cancelled")
        | success(reference("Task"), status=202, description=told)
        | problems(400, 401, 404, 409, 413, 415, 422, 503),
    }


def _follow_task() -> Operation:
    schema = {"type": "string", "contentMediaType": "text/event-stream"}
    return {
        "operationId": "followTask",
        "summary": "What happens to a task, as it happens",
        "description": "Server-sent events until the task has ended: `status` (the task), "
        "`progress`, `log`, `delta` (more of a text) and `gap` (events are missing here). `data` "
        "is JSON, and all but `status` name the `run`. Who comes back with the `id` of the last "
        "event gets what came since. A comment is sent every 15 s.",
        "tags": ["tasks"],
        "parameters": [
            path_parameter("task_id", ID),
            {
                "name": LAST_EVENT_ID,
                "in": "header",
                "description": "The `id` of the last event that was got, to go on after it.",
                "schema": {"type": "string"},
            },
        ],
        "responses": {
            "200": {
                "description": "The events",
                "content": {"text/event-stream": {"schema": schema}},
            }
        }
        | problems(400, 401, 404, 503),
    }


def _show_log() -> Operation:
    return {
        "operationId": "showTaskLog",
        "summary": "What a task's handler has logged",
        "description": "Oldest lines first. As long as the task is open, there is a `next`, though "
        "a page may be empty: what is logged later is behind it.",
        "tags": ["tasks"],
        "parameters": [
            path_parameter("task_id", ID),
            *page_parameters(default=DEFAULT_LINES, most=MOST_LINES),
        ],
        "responses": page(reference("LogLineView")) | problems(400, 401, 404, 422, 503),
    }
