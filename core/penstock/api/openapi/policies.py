"""The routes of the OpenAPI document by which policies of task types and providers are changed."""

from __future__ import annotations

from typing import Any

from penstock.api.openapi.components import reference
from penstock.api.openapi.parts import Operation, json_body, path_parameter, problems, success

_TEXT = {"type": "string"}


def policy_values(example: dict[str, Any]) -> dict[str, Any]:
    """The schema of a body that says something by knob."""
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        "examples": [example],
    }


def task_type_policy() -> dict[str, Operation]:
    """What holds for a task type."""
    shared: Operation = {
        "tags": ["task types"],
        "parameters": [path_parameter("type_name", _TEXT)],
        "responses": success(reference("TaskPolicy")) | problems(401, 404, 503),
    }
    return {
        "get": {
            **shared,
            "operationId": "explainTaskType",
            "summary": "Everything that holds for the tasks of a type, and who says so",
            "description": "Of each value: who says it, and over whom.",
        },
        "patch": {
            **shared,
            "operationId": "setTaskType",
            "summary": "Say what shall hold for a task type",
            "description": "By knob, as one would write it into the variable; `null` takes it "
            "back. It is kept, stands over what is said of its queue, and is in force within a "
            "second. Tasks keep the `max_attempts` that they were accepted with. All of it is "
            "taken, or none.",
            "requestBody": json_body(
                policy_values({"timeout": "5m", "max_attempts": 2, "enabled": True}), required=True
            ),
            "responses": success(reference("TaskPolicy"))
            | problems(400, 401, 404, 413, 415, 422, 503),
        },
        "delete": {
            **shared,
            "operationId": "resetTaskType",
            "summary": "Take back all that was said of a task type",
        },
    }


def provider_paths() -> dict[str, dict[str, Operation]]:
    """What an operator sees and changes of providers."""
    shared: Operation = {
        "tags": ["providers"],
        "parameters": [path_parameter("provider", _TEXT)],
        "responses": success(reference("ProviderPolicy")) | problems(401, 404, 503),
    }
    return {
        "/api/providers": {
            "get": {
                "operationId": "listProviders",
                "summary": "All providers with their limits, and who says so",
                "tags": ["providers"],
                "responses": success({"type": "array", "items": reference("ProviderPolicy")})
                | problems(401, 503),
            }
        },
        "/api/providers/{provider}": {
            "get": {
                **shared,
                "operationId": "showProvider",
                "summary": "The limits of a provider, and who says so",
            },
            "patch": {
                **shared,
                "operationId": "setProvider",
                "summary": "Say what shall hold for a provider",
                "description": "By knob, as one would write it into the variable; `null` takes it "
                "back. It is kept, and in force within a second. All of it is taken, or none.",
                "requestBody": json_body(
                    policy_values({"concurrency": 8, "units": "90000/1m"}), required=True
                ),
                "responses": success(reference("ProviderPolicy"))
                | problems(400, 401, 404, 413, 415, 422, 503),
            },
        },
        "/api/providers/{provider}/overrides": {
            "delete": {
                **shared,
                "operationId": "resetProvider",
                "summary": "Take back all that was said of a provider",
            }
        },
    }
