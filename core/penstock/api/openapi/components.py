"""The schemas of the OpenAPI document, made from the types that the code itself uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from penstock.api.problems import ProblemDocument
from penstock.api.routes.task_bulk import BulkView
from penstock.api.submission import MAX_USER_ID_LENGTH
from penstock.api.upload import upload_types
from penstock.api.views import TaskSummaryView, TaskTypeView, TaskView
from penstock.declarations import Priority, TaskType
from penstock.dispatch import Health, Purge, QueuePolicy, QueueStatus
from penstock.dispatch.inputs import MAX_DELAY

Schema = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"


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
        TaskTypeView,
        QueueStatus,
        QueuePolicy,
        Purge,
        Health,
        ProblemDocument,
    )
    plugged = [each for task_type in task_types for each in _types_of(task_type)]
    # In one call, so that equal names of different types are told apart.
    found, components = msgspec.json.schema_components((*shared, *plugged), ref_template=_REFERENCE)
    result: dict[str, Schema] = dict(components)
    for name in ("TaskView", "TaskSummaryView"):
        result[name]["properties"]["priority"] = _priority()
    result["ProblemDocument"]["properties"]["success"] = {"const": False}
    pairs = found[len(shared) :]
    for index, task_type in enumerate(task_types):
        given, made = pairs[2 * index], pairs[2 * index + 1]
        result[f"Submission.{task_type.name}"] = _submission(task_type, given)
        result[f"Task.{task_type.name}"] = _task(task_type, given, made)
    result["Submission"] = _either("Submission", task_types)
    result["Upload"] = _upload(task_types)
    result["Task"] = _either("Task", task_types) if task_types else reference("TaskView")
    return result


def _types_of(task_type: TaskType[Any, Any]) -> tuple[Any, Any]:
    return task_type.input_type, task_type.output_type


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
