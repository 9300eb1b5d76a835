"""The routes of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penstock.api.openapi.components import reference
from penstock.api.openapi.parts import ID as _ID
from penstock.api.openapi.parts import IDEMPOTENCY_KEY, Operation, page, page_parameters
from penstock.api.openapi.parts import json_body as _json_body
from penstock.api.openapi.parts import path_parameter as _path_parameter
from penstock.api.openapi.parts import problems as _problems
from penstock.api.openapi.parts import success as _success
from penstock.api.openapi.policies import policy_values, provider_paths, task_type_policy
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


def paths(
    task_types: Sequence[TaskType[Any, Any]], *, max_body_bytes: int, max_upload_bytes: int
) -> dict[str, dict[str, Operation]]:
    """Every path and its operations."""
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
                "checkpoint is kept. Its time-to-live counts no more, and its deadline does: once "
                "that has passed, the answer is 409.",
                "tags": ["tasks"],
                "parameters": [_path_parameter("task_id", _ID)],
                "responses": _success(
                    reference("Task"), status=202, description="The task runs again"
                )
                | _problems(400, 401, 404, 409, 503),
            }
        },
        "/api/queues/tasks/{task_id}/events": {"get": _follow_task()},
        "/api/queues/tasks/{task_id}/log": {"get": _show_log()},
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
        **schedule_paths(),
        "/api/health": {
            "get": {
                "operationId": "health",
                "summary": "Whether Redis and the database answer",
                "description": "Answers within two seconds. `degraded` is 200: tasks of the "
                "plugins in `quarantined` cannot be taken, all others can. With 503, `data` is "
                "there too.",
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
        "/api/plugins": {
            "get": {
                "operationId": "listPlugins",
                "summary": "The installed plugins, loaded or not, and why not",
                "tags": ["task types"],
                "responses": _success({"type": "array", "items": reference("PluginView")})
                | _problems(401),
            }
        },
        "/api/task-types/{type_name}/policy": task_type_policy(),
        **provider_paths(),
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

    values = policy_values({"concurrency": 8, "rate_limit": "10/1s", "max_waiting": None})
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


def schedule_paths() -> dict[str, dict[str, Operation]]:
    """What can be done with schedules."""
    name = _path_parameter("name", {"type": "string"})
    schedule = _success(reference("ScheduleView"))
    terms = _json_body(reference("ScheduleTerms"), required=True)

    def operation(operation_id: str, summary: str, description: str = "", **more: Any) -> Operation:
        described = {"description": description} if description else {}
        return {
            "operationId": operation_id,
            "summary": summary,
            **described,
            "tags": ["schedules"],
            "parameters": [name],
            "responses": schedule | _problems(401, 404, 503),
            **more,
        }

    made = _success(reference("ScheduleView"), status=201, description="The schedule is made")
    return {
        "/api/schedules": {
            "get": {
                "operationId": "listSchedules",
                "summary": "All schedules, by name",
                "tags": ["schedules"],
                "responses": _success({"type": "array", "items": reference("ScheduleView")})
                | _problems(401, 503),
            },
            "post": {
                "operationId": "createSchedule",
                "summary": "Make a schedule",
                "description": "Each instant makes one task at most, however many processes there "
                "are, and none is left out while one of them is up.",
                "tags": ["schedules"],
                "requestBody": terms,
                "responses": made | _problems(400, 401, 409, 413, 415, 422, 503),
            },
        },
        "/api/schedules/{name}": {
            "get": operation("showSchedule", "One schedule"),
            "put": operation(
                "replaceSchedule",
                "Say anew what a schedule does, and when",
                "One that a plugin declares is changed there: 409.",
                requestBody=terms,
                responses=schedule | _problems(400, 401, 404, 409, 413, 415, 422, 503),
            ),
            "delete": operation(
                "deleteSchedule",
                "Remove a schedule",
                "The tasks that it made stay. One that a plugin declares can be paused instead: "
                "409.",
                responses=schedule | _problems(401, 404, 409, 503),
            ),
        },
        "/api/schedules/{name}/pause": {
            "post": operation(
                "pauseSchedule",
                "Let it make no tasks",
                "Instants meanwhile make none later either.",
            )
        },
        "/api/schedules/{name}/resume": {
            "post": operation("resumeSchedule", "Go on with the next instant")
        },
        "/api/schedules/{name}/run": {
            "post": operation(
                "runSchedule",
                "Submit its task now",
                "Whether it is paused or not; its instants stay as they are.",
                responses=_accepted() | _problems(401, 404, 422, 429, 503),
            )
        },
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
        "responses": _accepted(waits=True) | _problems(400, 401, 409, 413, 415, 422, 429, 503),
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
        "requestBody": _json_body(reference("Bulk"), required=True),
        "responses": _success(items, status=202, description="All tasks are accepted")
        | _success(items, status=207, description="What became of each")
        | _problems(400, 401, 409, 413, 415, 422, 429, 503),
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
        "responses": _accepted() | _problems(400, 401, 409, 413, 415, 422, 429, 503),
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
            _path_parameter("task_id", _ID),
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
        | _problems(400, 401, 404, 503),
    }


def _show_log() -> Operation:
    return {
        "operationId": "showTaskLog",
        "summary": "What a task's handler has logged",
        "description": "Oldest lines first. As long as the task is open, there is a `next`, though "
        "a page may be empty: what is logged later is behind it.",
        "tags": ["tasks"],
        "parameters": [
            _path_parameter("task_id", _ID),
            *page_parameters(default=DEFAULT_LINES, most=MOST_LINES),
        ],
        "responses": page(reference("LogLineView")) | _problems(400, 401, 404, 422, 503),
    }


def _accepted(*, waits: bool = False) -> dict[str, Any]:
    existing = "It is unique, and this task is open" + (
        "; or it was waited for, and has ended" if waits else ""
    )
    accepted = _success(
        reference("Task"), status=202, description="The task is accepted"
    ) | _success(reference("Task"), description=existing)
    headers = {
        "Location": _header("Where to follow the task"),
        "Idempotency-Replayed": _header("`true`, if the key was used before for the same"),
        "Existing-Task": _header("`true`, if it is unique, and this task was open already"),
    }
    if waits:
        headers["Preference-Applied"] = _header("`wait=…`, if that was preferred")
    for each in accepted.values():
        each["headers"] = headers
    return accepted


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def _download_artifact() -> Operation:
    etag = {"ETag": {"description": "The SHA-256 of the bytes", "schema": {"type": "string"}}}
    return {
        "operationId": "downloadArtifact",
        "summary": "A file that a task made",
        "tags": ["artifacts"],
        "parameters": [
            _path_parameter("artifact_id", _ID),
            {
                "name": "If-None-Match",
                "in": "header",
                "description": "The `ETag` of an earlier answer: if the file is still that, 304.",
                "schema": {"type": "string"},
            },
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
