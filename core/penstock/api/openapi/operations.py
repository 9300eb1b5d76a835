"""The routes of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penstock.api.openapi.components import reference
from penstock.api.openapi.parts import ID, Operation, path_parameter, problems, success
from penstock.api.openapi.policies import provider_paths, task_type_policy
from penstock.api.openapi.queue_operations import queue_paths
from penstock.api.openapi.schedule_operations import schedule_paths
from penstock.api.openapi.task_operations import submit_upload, task_paths
from penstock.declarations import TaskType


def paths(
    task_types: Sequence[TaskType[Any, Any]], *, max_body_bytes: int, max_upload_bytes: int
) -> dict[str, dict[str, Operation]]:
    """Every path and its operations."""
    return {
        **task_paths(task_types, max_body_bytes=max_body_bytes),
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
                "responses": success(reference("Health")) | problems(503),
            }
        },
        "/api/task-types": {
            "get": {
                "operationId": "listTaskTypes",
                "summary": "The task types of the installed plugins",
                "tags": ["task types"],
                "responses": success({"type": "array", "items": reference("TaskTypeView")})
                | problems(401),
            }
        },
        "/api/task-types/{type_name}": {
            "get": {
                "operationId": "showTaskType",
                "summary": "One task type",
                "tags": ["task types"],
                "parameters": [path_parameter("type_name", {"type": "string"})],
                "responses": success(reference("TaskTypeView")) | problems(401, 404),
            }
        },
        "/api/plugins": {
            "get": {
                "operationId": "listPlugins",
                "summary": "The installed plugins, loaded or not, and why not",
                "tags": ["task types"],
                "responses": success({"type": "array", "items": reference("PluginView")})
                | problems(401),
            }
        },
        "/api/task-types/{type_name}/policy": task_type_policy(),
        **provider_paths(),
        "/api/uploads": {"post": submit_upload(max_body_bytes, max_upload_bytes)},
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


def _download_artifact() -> Operation:
    etag = {"ETag": {"description": "The SHA-256 of the bytes", "schema": {"type": "string"}}}
    return {
        "operationId": "downloadArtifact",
        "summary": "A file that a task made",
        "tags": ["artifacts"],
        "parameters": [
            path_parameter("artifact_id", ID),
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
        | problems(400, 401, 404, 503),
    }
