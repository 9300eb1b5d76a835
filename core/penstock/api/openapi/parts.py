"""What the operations of the OpenAPI document are put together from."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from penstock.api.idempotency import HEADER
from penstock.api.openapi.components import Schema, idempotency_key, reference
from penstock.api.pages import DEFAULT_LIMIT, MAX_LIMIT
from penstock.api.problems import MEDIA_TYPE

Operation = dict[str, Any]

ID = {"type": "string", "format": "uuid"}
IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "description": "Makes the request safe to repeat: with the same key, the same is answered with "
    "the same, and anything else with 409.",
    "schema": idempotency_key(),
}


def described(name: str, summary: str, description: str = "", **more: Any) -> Operation:
    """An operation of that name, and what ``more`` says of it."""
    said = {"description": description} if description else {}
    return {"operationId": name, "summary": summary, **said, **more}


def json_body(schema: Schema, *, required: bool = False) -> dict[str, Any]:
    """A request's body, of that schema."""
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def path_parameter(name: str, schema: Schema) -> dict[str, Any]:
    """A parameter in the path."""
    return {"name": name, "in": "path", "required": True, "schema": schema}


def success(data: Schema, *, status: int = 200, description: str = "Success") -> dict[str, Any]:
    """The answer to a request that did what it asked for."""
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


def problems(*statuses: int) -> dict[str, Any]:
    """The problems that an operation may answer with, by status."""
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": reference("ProblemDocument")}},
        }
        for status in (*statuses, HTTPStatus.INTERNAL_SERVER_ERROR.value)
    }


def page(items: Schema) -> dict[str, Any]:
    """The answer with a page of a list."""
    answer = success({"type": "array", "items": items})
    schema = answer["200"]["content"]["application/json"]["schema"]
    schema["properties"]["next"] = {
        "description": "The `cursor` of the page that follows; null if there is none.",
        "type": ["string", "null"],
    }
    schema["required"].append("next")
    return answer


def page_parameters(*, default: int = DEFAULT_LIMIT, most: int = MAX_LIMIT) -> list[dict[str, Any]]:
    """Which page of a list is asked for."""
    return [
        {
            "name": "limit",
            "in": "query",
            "description": "How many a page has at most.",
            "schema": {"type": "integer", "minimum": 1, "maximum": most, "default": default},
        },
        {
            "name": "cursor",
            "in": "query",
            "description": "The `next` of the page before.",
            "schema": {"type": "string"},
        },
    ]


def accepted(*, waits: bool = False) -> dict[str, Any]:
    """The answers to a request that submits a task; ``waits`` if it may wait for the outcome."""
    existing = "It is unique, and this task is open" + (
        "; or it was waited for, and has ended" if waits else ""
    )
    answers = success(reference("Task"), status=202, description="The task is accepted") | success(
        reference("Task"), description=existing
    )
    headers = {
        "Location": _header("Where to follow the task"),
        "Idempotency-Replayed": _header("`true`, if the key was used before for the same"),
        "Existing-Task": _header("`true`, if it is unique, and this task was open already"),
    }
    if waits:
        headers["Preference-Applied"] = _header("`wait=…`, if that was preferred")
    for each in answers.values():
        each["headers"] = headers
    return answers


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}
