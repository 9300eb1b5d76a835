"""The schemas of the OpenAPI document, made from the types that the code itself uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import msgspec

from penstock.api.batch_view import BatchView
from penstock.api.fields import MAX_USER_ID_LENGTH
from penstock.api.problems import ProblemDocument
from penstock.api.routes.task_bulk import BulkView
from penstock.api.upload import upload_types
from penstock.api.views import (
    BulkItem,
    LogLineView,
    ScheduleView,
    TaskSummaryView,
    TaskTypeView,
    TaskView,
)
from penstock.declarations import Misfire, Priority, TaskType
from penstock.declarations.definitions import Definitions
from penstock.declarations.recurrence import LONGEST_INTERVAL, SHORTEST_INTERVAL
from penstock.declarations.schedule import DEFAULT_GRACE, LONGEST_GRACE, MAX_NAME_LENGTH
from penstock.dispatch import (
    Health,
    ProviderPolicy,
    Purge,
    QueuePolicy,
    QueueStatus,
    TaskPolicy,
)
from penstock.dispatch.batch_submission import MAX_BATCH_NAME_LENGTH, MAX_BATCH_TASKS
from penstock.dispatch.bulk import MAX_TASKS
from penstock.dispatch.inputs import MAX_KEY_LENGTH
from penstock.dispatch.task_times import MAX_DELAY
from penstock.plugins import PluginView

Schema = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"
_MADE_HERE = ("Submission", "Bulk", "BatchSubmission", "Upload", "ScheduleTerms", "Task")


def reference(name: str) -> Schema:
    """A reference to the schema of that name."""
    return {"$ref": _REFERENCE.format(name=name)}


def schemas(task_types: Sequence[TaskType[Any, Any]]) -> dict[str, Schema]:
    """All schemas: what the routes give and take, and a pair for each task type.

    ``Submission.<type>`` is the body that posts a task of the type, ``Task.<type>`` what the API
    shows of one.
    """
    shared = (
        TaskView,
        TaskSummaryView,
        BulkView,
        BatchView,
        TaskTypeView,
        QueueStatus,
        QueuePolicy,
        TaskPolicy,
        ProviderPolicy,
        Purge,
        ScheduleView,
        Health,
        PluginView,
        BulkItem,
        LogLineView,
        ProblemDocument,
    )
    _, components = msgspec.json.schema_components(shared, ref_template=_REFERENCE)
    result: dict[str, Schema] = dict(components)
    for name in ("TaskView", "TaskSummaryView", "ScheduleView"):
        result[name]["properties"]["priority"] = _priority()
    result["ProblemDocument"]["properties"]["success"] = {"const": False}
    # A plugin may have types of these names, too, or of another plugin's.
    plugged = Definitions(_REFERENCE, taken=(*result, *_MADE_HERE))
    for each in task_types:
        given = plugged.add(each.input_schema(), owner=each.name)
        made = plugged.add(each.output_schema(), owner=each.name)
        result[f"Submission.{each.name}"] = _submission(each, given)
        result[f"Task.{each.name}"] = _task(each, given, made)
    result |= plugged.all
    result["Submission"] = _either("Submission", task_types)
    result["Bulk"] = _bulk()
    result["BatchSubmission"] = _batch(task_types)
    result["Upload"] = _upload(task_types)
    result["ScheduleTerms"] = _schedule_terms(task_types)
    result["Task"] = _either("Task", task_types) if task_types else reference("TaskView")
    result["BulkItem"]["properties"]["task"] = reference("Task")
    return result


def _either(prefix: str, task_types: Sequence[TaskType[Any, Any]]) -> Schema:
    names = {each.name: f"{prefix}.{each.name}" for each in task_types}
    if not names:
        return {"description": "No plugin with task types is installed.", "not": {}}
    mapping = {name: _REFERENCE.format(name=schema) for name, schema in names.items()}
    return {
        "oneOf": [reference(schema) for schema in names.values()],
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }


def _submission(task_type: TaskType[Any, Any], given: Schema) -> Schema:
    return {
        "title": f"Submission of {task_type.name}",
        "description": task_type.description,
        "type": "object",
        "properties": {
            "type": {"type": "string", "const": task_type.name},
            "input": given,
            **_terms(),
        },
        "required": ["type", "input"],
        "additionalProperties": False,
    }


def _batch(task_types: Sequence[TaskType[Any, Any]]) -> Schema:
    names = [each.name for each in task_types]
    callback: Schema = {
        "description": "The task that runs once all of the others have ended.",
        "type": ["object", "null"],
        "properties": {
            "type": {"type": "string", "enum": names} if names else {"not": {}},
            "input": {"description": "What it takes; a summary of the batch if left out."},
            "priority": _terms()["priority"],
        },
        "required": ["type"],
        "additionalProperties": False,
    }
    return {
        "title": "A batch of tasks",
        "type": "object",
        "properties": {
            "tasks": {
                "type": "array",
                "maxItems": MAX_BATCH_TASKS,
                "items": reference("Submission"),
            },
            "callback": callback,
            "name": {
                "description": "For people.",
                "type": ["string", "null"],
                "maxLength": MAX_BATCH_NAME_LENGTH,
            },
            "user_id": {
                **_terms()["user_id"],
                "description": "For whom the callback is done, and tasks that do not say so.",
            },
            "sealed": {
                "description": (
                    "Whether these are all of its tasks. If not, it is sealed by itself once "
                    "none was added for `PENSTOCK_SEAL_BATCHES_AFTER`."
                ),
                "type": "boolean",
                "default": True,
            },
        },
        "required": ["tasks"],
        "additionalProperties": False,
    }


def _bulk() -> Schema:
    return {
        "title": "Many submissions",
        "type": "object",
        "properties": {
            "tasks": {
                "type": "array",
                "items": reference("Submission"),
                "minItems": 1,
                "maxItems": MAX_TASKS,
            },
            "atomic": {
                "description": "Accept all of them or none, or else each for itself.",
                "type": "boolean",
                "default": True,
            },
        },
        "required": ["tasks"],
        "additionalProperties": False,
    }


def idempotency_key() -> Schema:
    """The schema of an idempotency key."""
    return {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH, "pattern": "^[!-~]*$"}


def _upload(task_types: Sequence[TaskType[Any, Any]]) -> Schema:
    names = upload_types(task_types)
    one = {"default": names[0]} if len(names) == 1 else {}
    return {
        "title": "Upload of a file",
        "type": "object",
        "properties": {
            "file": {
                "description": "The file, with its name; its content type is kept as it is sent.",
                "type": "string",
                "contentMediaType": "application/octet-stream",
            },
            "type": {"type": "string", **({"enum": names} if names else {"not": {}}), **one},
            "input": {
                "description": "The input's fields beside the one that names the file, as JSON.",
                "type": "object",
                "default": {},
            },
            **_terms(),
        },
        "required": ["file"] if one else ["file", "type"],
        "additionalProperties": False,
    }


def _schedule_terms(task_types: Sequence[TaskType[Any, Any]]) -> Schema:
    names = sorted(each.name for each in task_types)
    terms = _terms()
    return {
        "title": "What a schedule does, and when",
        "type": "object",
        "properties": {
            "name": {
                "description": "Lower-case words joined by dots. `PUT` has it in its path.",
                "type": "string",
                "maxLength": MAX_NAME_LENGTH,
            },
            "type": {"type": "string", **({"enum": names} if names else {"not": {}})},
            "input": {"description": "The input of each task; it fits the task type's schema."},
            "cron": {
                "description": "Minute, hour, day of the month, month, day of the week. One of "
                "`cron` and `every_seconds` is given.",
                "type": ["string", "null"],
                "default": None,
                "examples": ["0 3 * * *"],
            },
            "every_seconds": {
                "description": "The interval; its instants are the multiples of it since "
                "1970-01-01T00:00:00Z.",
                "type": ["number", "null"],
                "minimum": SHORTEST_INTERVAL.total_seconds(),
                "maximum": LONGEST_INTERVAL.total_seconds(),
                "default": None,
            },
            "timezone": {
                "description": "The IANA zone in which `cron` is meant.",
                "type": "string",
                "default": "UTC",
            },
            "misfire": {
                "description": "What becomes of instants that nobody was there for, beyond the "
                "grace: nothing, or one task for all of them.",
                "type": "string",
                "enum": list(get_args(Misfire)),
                "default": "skip",
            },
            "misfire_grace_seconds": {
                "description": "How late an instant may be to make its task nevertheless.",
                "type": "number",
                "minimum": 0,
                "maximum": LONGEST_GRACE.total_seconds(),
                "default": DEFAULT_GRACE.total_seconds(),
            },
            "priority": terms["priority"],
            "user_id": terms["user_id"],
        },
        "required": ["type", "input"],
        "additionalProperties": False,
    }


def _terms() -> dict[str, Schema]:
    """How and for whom a task is done: what every way to submit one takes."""
    return {
        "priority": {
            "description": "Tasks of a higher priority start first.",
            "anyOf": [
                _priority(),
                {"type": "integer", "enum": [priority.value for priority in Priority]},
            ],
            "default": Priority.NORMAL.label,
        },
        "user_id": {
            "description": "For whom the task is done.",
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": MAX_USER_ID_LENGTH,
            "default": None,
        },
        "delay_seconds": {
            "description": "Start it no earlier than after so many seconds.",
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": MAX_DELAY.total_seconds(),
            "default": None,
        },
        "unique": {
            "description": "While a task of the same type, user and input is open, answer with "
            "that one; as the task type says if left out.",
            "type": ["boolean", "null"],
            "default": None,
        },
        "idempotency_key": {
            "description": "The same as the header `Idempotency-Key`.",
            "anyOf": [idempotency_key(), {"type": "null"}],
            "default": None,
        },
        "run_at": {
            "description": "Start it no earlier than then; not beside `delay_seconds`.",
            "type": ["string", "null"],
            "format": "date-time",
            "default": None,
        },
        "ttl_seconds": {
            "description": "If it has not started after so many seconds, it fails with `expired`.",
            "type": ["number", "null"],
            "exclusiveMinimum": 0,
            "maximum": MAX_DELAY.total_seconds(),
            "default": None,
        },
        "deadline": {
            "description": "If it has not ended by then, it fails with `deadline_exceeded`: a run "
            "is stopped, and no other begins.",
            "type": ["string", "null"],
            "format": "date-time",
            "default": None,
        },
    }


def _task(task_type: TaskType[Any, Any], given: Schema, made: Schema) -> Schema:
    return {
        "title": f"Task of type {task_type.name}",
        "allOf": [
            reference("TaskView"),
            {
                "type": "object",
                "properties": {
                    "type": {"type": "string", "const": task_type.name},
                    "input": given,
                    "result": {"anyOf": [made, {"type": "null"}]},
                },
            },
        ],
    }


def _priority() -> Schema:
    return {"type": "string", "enum": [priority.label for priority in Priority]}
