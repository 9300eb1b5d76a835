"""The whole OpenAPI document."""

from importlib.metadata import version
from typing import Any

from penstock.api.openapi.batch_operations import batch_paths
from penstock.api.openapi.components import schemas
from penstock.api.openapi.operations import paths
from penstock.plugins import Catalogue

_DESCRIPTION = """\
Post a task, follow it to its outcome.

Success is `{"success": true, "data": …}`. An error is a problem document (RFC 9457) that also has \
`"success": false`, and in `errors` the fields that are wrong and what to do about each.
"""


def openapi_document(
    catalogue: Catalogue, *, max_body_bytes: int, max_upload_bytes: int
) -> dict[str, Any]:
    """OpenAPI 3.1, for the task types of this catalogue."""
    task_types = [catalogue.task_types[name] for name in sorted(catalogue.task_types)]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Penstock",
            "version": version("penstock"),
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": {
            **paths(task_types, max_body_bytes=max_body_bytes, max_upload_bytes=max_upload_bytes),
            **batch_paths(),
        },
        "components": {
            "schemas": schemas(task_types),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The API key, as `Authorization: Bearer <key>`.",
                }
            },
        },
    }
