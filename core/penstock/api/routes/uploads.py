"""Posting files: each becomes a task of a type that takes files."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from uuid_utils.compat import uuid7

from penstock.api.acceptance import accept
from penstock.api.access import Principal
from penstock.api.upload import UploadReader
from penstock.api.views import Success, TaskView
from penstock.dispatch import ArtifactStore, Dispatch
from penstock.plugins import Catalogue


def upload_routes(
    *,
    dispatch: Dispatch,
    artifacts: ArtifactStore,
    catalogue: Catalogue,
    max_body_bytes: int,
    max_upload_bytes: int,
) -> Sequence[HTTPRouteHandler]:
    """``POST /api/uploads``."""
    reader = UploadReader(
        catalogue=catalogue,
        dispatch=dispatch,
        artifacts=artifacts,
        max_bytes=max_upload_bytes,
        max_text_bytes=max_body_bytes,
    )

    @post("/api/uploads", status_code=202, request_max_body_size=max_upload_bytes)
    async def submit_upload(
        request: Request[Any, Any, Any], principal: NamedDependency[Principal]
    ) -> Response[Success[TaskView]]:
        """Store a file and accept its task; the answer is sent once both are kept."""
        task_id = uuid7()
        submission, file = await reader.read(request, task_id)
        try:
            complete = msgspec.structs.replace(submission, id=task_id, files=[file])
            return await accept(complete, dispatch=dispatch, catalogue=catalogue)
        except Exception:
            # Not if the server stops meanwhile: the task may yet be written.
            await artifacts.discard(file)
            raise

    return [submit_upload]
