"""The routes of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from penstock.api.openapi.components import Schema, reference
from penstock.api.problems import MEDIA_TYPE
from penstock.api.submission import MAX_USER_ID_LENGTH
from penstock.api.task_filter import DEFAULT_LIMIT, MAX_ERROR_LENGTH, MAX_LIMIT
from penstock.api.task_reason import MAX_REASON_LENGTH
from penstock.declarations import TaskType
from penstock.dispatch import CANCELLABLE, MOST_AT_ONCE, RETRYABLE
from penstock.dispatch.inputs import MAX_DEPTH
from penstock.ledger import Status

Operation = dict[str, Any]

_ID = {"type": "string", "format": "uuid"}


def paths(
    task_types: Sequence[TaskType[Any, Any]], *, max_body_bytes: int, max_upload_bytes: int
) -> dict[str, dict[str, Operation]]:
    """Every path and its operations."""
    return {
        "/api/queues/tasks": {
            "get": _list_tasks(),
            "post": _submit_task(task_types, max_body_bytes),
        },
        "/api/queues/tasks/cancel": {"post": _cancel_tasks()},
        "/api/queues/tasks/retry": {"post": _retry_tasks()},
        "/api/queues/tasks/{task_id}": {
            "get": {
                "operationId": "showTask",
                "summary": "A task, its progress and its outcome",
                "tags": ["tasks"],
                "parameters": [_path_parameter("task_id", _ID)],
                "responses": _success(reference("Task")) | _problems(400, 401, 404, 503),
            }
        },
        "/api/queues/tasks/{task_id}/cancel": {"post": _cancel_task()},
        "/api/queues/tasks/{task_id}/retry": {
            "post": {
                "operationId": "retryTask",
                "summary": "Run a failed or cancelled task again",
                "description": "It begins anew, with all its attempts; what it saved as a "
                "checkpoint is kept.",
                "tags": ["tasks"],
                "parameters": [_path_parameter("task_id", _ID)],
                "responses": _success(
                    reference("Task"), status=202, description="The task runs again"
                )
                | _problems(400, 401, 404, 409, 503),
            }
        },
        "/api/queues/status": {
            "get": {
                "operationId": "queueStatus",
                "summary": "The queues at a glance",
                "description": "`waiting`, `active`, `delayed`, `parked` and `workers` are "
                "now; the others count all tasks that ever ended so.",
                "tags": ["queues"],
                "responses": _success(
                    {"type": "object", "additionalProperties": reference("QueueStatus")}
                )
                | _problems(401, 503),
            }
        },
        **queue_paths(),
        "/api/health": {
            "get": {
                "operationId": "health",
                "summary": "Whether Redis and the database answer",
                "description": "Answers within two seconds. With 503, `data` is there too.",
                "tags": ["health"],
                "security": [],
                "responses": _success(reference("Health")) | _problems(503),
            }
        },
        "/api/task-types": {
            "get": {
                "operationId": "listTaskTypes",
                "summary": "The task types of the installed plugins",
                "tags": ["task types"],
                "responses": _success({"type": "array", "items": reference("TaskTypeView")})
                | _problems(401),
            }
        },
        "/api/task-types/{type_name}": {
            "get": {
                "operationId": "showTaskType",
                "summary": "One task type",
                "tags": ["task types"],
                "parameters": [_path_parameter("type_name", {"type": "string"})],
                "responses": _success(reference("TaskTypeView")) | _problems(401, 404),
            }
        },
        "/api/uploads": {"post": _submit_upload(max_body_bytes, max_upload_bytes)},
        "/api/artifacts/{artifact_id}": {"get": _download_artifact()},
        "/api/openapi.json": {
            "get": {
                "operationId": "showOpenapi",
                "summary": "This document",
                "tags": ["health"],
                "security": [],
                "responses": {
                    "200": {
                        "description": "The OpenAPI document",
                        "content": {"application/vnd.oai.openapi+json": {"schema": {}}},
                    }
                },
            }
        },
    }


def queue_paths() -> dict[str, dict[str, Operation]]:
    """What an operator sees and changes of queues."""
    queue = _path_parameter("queue", {"type": "string"})
    policy = _success(reference("QueuePolicy"))

    def operation(name: str, summary: str, description: str = "", **more: Any) -> Operation:
        described = {"description": description} if description else {}
        return {
            "operationId": name,
            "summary": summary,
            **described,
            "tags": ["queues"],
            "parameters": [queue],
            "responses": policy | _problems(401, 404, 503),
            **more,
        }

    values = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": ["string", "number", "null"]},
        "examples": [{"concurrency": 8, "rate_limit": "10/1s", "max_waiting": None}],
    }
    before = {"type": ["string", "null"], "format": "date-time"}
    purge = {"type": "object", "properties": {"before": before}, "additionalProperties": False}
    problems = _problems(400, 401, 404, 413, 415, 422, 503)
    return {
        "/api/queues": {
            "get": {
                "operationId": "listQueues",
                "summary": "All queues with what holds for them, and who says so",
                "tags": ["queues"],
                "responses": _success({"type": "array", "items": reference("QueuePolicy")})
                | _problems(401, 503),
            }
        },
        "/api/queues/{queue}": {
            "get": operation("showQueue", "What holds for a queue, and who says so"),
            "patch": operation(
                "setQueue",
                "Say what shall hold for a queue",
                "By knob, as one would write it into the variable; `null` takes it back. It is "
                "kept, and in force within a second. All of it is taken, or none.",
                requestBody=_json_body(values, required=True),
                responses=policy | problems,
            ),
        },
        "/api/queues/{queue}/overrides": {
            "delete": operation("resetQueue", "Take back all that was said of a queue")
        },
        "/api/queues/{queue}/pause": {
            "post": operation(
                "pauseQueue",
                "Let nothing new start",
                "What runs goes on, and new tasks are accepted and wait.",
            )
        },
        "/api/queues/{queue}/resume": {
            "post": operation("resumeQueue", "Let tasks start, and take new ones")
        },
        "/api/queues/{queue}/drain": {
            "post": operation(
                "drainQueue",
                "Take no new tasks",
                "Posting one is a 503; those that are accepted are worked off, also if the queue "
                "was paused.",
            )
        },
        "/api/queues/{queue}/purge": {
            "post": operation(
                "purgeQueue",
                "Cancel what waits",
                "Tasks that were accepted before `before` (now, if it is left out) and do not run. "
                "If it is not `complete`, repeat it with the `before` of the answer.",
                requestBody=_json_body(purge),
                responses=_success(reference("Purge")) | problems,
            )
        },
    }


def _json_body(schema: Schema, *, required: bool = False) -> dict[str, Any]:
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def _submit_task(task_types: Sequence[TaskType[Any, Any]], max_body_bytes: int) -> Operation:
    examples = {
        f"{each.name} {number}": {
            "value": {"type": each.name, "input": msgspec.to_builtins(example)}
        }
        for each in task_types
        for number, example in enumerate(each.examples, 1)
    }
    return {
        "operationId": "submitTask",
        "summary": "Post a task",
        "description": "The answer is sent once the task is stored; from then on it is not lost. "
        f"A body has at most {max_body_bytes} bytes, and `input` at most {MAX_DEPTH} levels of "
        "arrays and objects.",
        "tags": ["tasks"],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": reference("Submission"), "examples": examples}
            },
        },
        "responses": _accepted() | _problems(400, 401, 413, 415, 422, 429, 503),
    }


def _submit_upload(max_body_bytes: int, max_upload_bytes: int) -> Operation:
    return {
        "operationId": "submitUpload",
        "summary": "Post a file",
        "description": "The file becomes a task of a type that takes files: those with an `upload` "
        "in `GET /api/task-types`. The answer is sent once the file and the task are stored. "
        f"A body has at most {max_upload_bytes} bytes; its parts beside the file, together, at "
        f"most {max_body_bytes}. Put the file last: what is wrong with the parts before it is "
        "answered before it is read.",
        "tags": ["tasks"],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": reference("Upload"),
                    "encoding": {"input": {"contentType": "application/json"}},
                }
            },
        },
        "responses": _accepted() | _problems(400, 401, 413, 415, 422, 429, 503),
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
        "parameters": [_path_parameter("task_id", _ID)],
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": _success(reference("Task"), description="The task is cancelled")
        | _success(reference("Task"), status=202, description=told)
        | _problems(400, 401, 404, 409, 413, 415, 422, 503),
    }


def _list_tasks() -> Operation:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "query", **described} for name, described in _filters().items()
    ]
    # `status=failed,cancelled`, as one parameter.
    parameters[0] |= {"style": "form", "explode": False}
    parameters += [
        {
            "name": "limit",
            "in": "query",
            "schema": {
                "type": "integer",
                "minimum": 1,
                "maximum": MAX_LIMIT,
                "default": DEFAULT_LIMIT,
            },
        },
        {
            "name": "cursor",
            "in": "query",
            "description": "The `next` of the page before.",
            "schema": {"type": "string"},
        },
    ]
    page = _success({"type": "array", "items": reference("TaskSummaryView")})
    schema = page["200"]["content"]["application/json"]["schema"]
    schema["properties"]["next"] = {"type": ["string", "null"]}
    schema["required"].append("next")
    return {
        "operationId": "listTasks",
        "summary": "Tasks, newest first",
        "description": "Those of which all that is asked for is true, without their inputs and "
        "results, which the task itself shows. Pages stay as they are while tasks come in. A page "
        "may be short, even empty, and have a `next`: each looks at a bounded number of rows, and "
        "the following one goes on from there. The list is at its end where `next` is null.",
        "tags": ["tasks"],
        "parameters": parameters,
        "responses": page | _problems(400, 401, 422, 503),
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
        "queue": {"schema": words},
        "type": {"schema": words},
        "user_id": {"schema": {**words, "maxLength": MAX_USER_ID_LENGTH}},
        "parent_id": {"description": "The task that submitted them.", "schema": _ID},
        "batch_id": {"description": "What they are counted with.", "schema": _ID},
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


def _cancel_tasks() -> Operation:
    reason = {"type": "string", "minLength": 1, "maxLength": MAX_REASON_LENGTH}
    return {
        "operationId": "cancelTasks",
        "summary": "Cancel many tasks",
        "description": "Those that wait are cancelled at once; the workers of those that run are "
        "told to stop them.",
        **_change_tasks(CANCELLABLE, {"reason": reason}),
    }


def _retry_tasks() -> Operation:
    return {
        "operationId": "retryTasks",
        "summary": "Run many failed or cancelled tasks again",
        "description": "They begin anew, with all their attempts; what they saved as checkpoints "
        "is kept.",
        **_change_tasks(RETRYABLE, {}),
    }


def _change_tasks(status: frozenset[Status], more: dict[str, Schema]) -> Operation:
    """What both ways to change many tasks have in common."""
    ids = {"type": "array", "items": _ID, "minItems": 1, "maxItems": MOST_AT_ONCE}
    found = {
        "description": "As in the query of the list; only tasks that can be changed so are meant.",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            name: {**described["schema"], "description": described.get("description", "")}
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
        "requestBody": _json_body(schema, required=True),
        "responses": _success(reference("BulkView")) | _problems(400, 401, 413, 415, 422, 503),
    }


def _accepted() -> dict[str, Any]:
    accepted = _success(reference("Task"), status=202, description="The task is accepted")
    accepted["202"]["headers"] = {
        "Location": {"description": "Where to follow the task", "schema": {"type": "string"}}
    }
    return accepted


def _download_artifact() -> Operation:
    etag = {"ETag": {"description": "The SHA-256 of the bytes", "schema": {"type": "string"}}}
    return {
        "operationId": "downloadArtifact",
        "summary": "A file that a task made",
        "tags": ["artifacts"],
        "parameters": [
            _path_parameter("artifact_id", _ID),
            {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}},
        ],
        "responses": {
            "200": {
                "description": "The file's bytes, with its own media type",
                "headers": etag,
                "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
            },
            "304": {"description": "The caller's copy is the same", "headers": etag},
        }
        | _problems(400, 401, 404, 503),
    }


def _path_parameter(name: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _success(data: Schema, *, status: int = 200, description: str = "Success") -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"success": {"const": True}, "data": data},
        "required": ["success", "data"],
    }
    return {
        str(status): {
            "description": description,
            "content": {"application/json": {"schema": schema}},
        }
    }


def _problems(*statuses: int) -> dict[str, Any]:
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": reference("ProblemDocument")}},
        }
        for status in (*statuses, HTTPStatus.INTERNAL_SERVER_ERROR.value)
    }
