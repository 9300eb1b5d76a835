"""Posting files: each becomes a task of a type that takes files."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from uuid_utils.compat import uuid7

from penstock.api.acceptance import accept, answer
from penstock.api.access import Principal
from penstock.api.idempotency import keyed
from penstock.api.upload import UploadReader
from penstock.api.views import Success, TaskView
from penstock.dispatch import ArtifactStore, Dispatch
from penstock.ledger import Origin
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
            submitted = await accept(
                keyed(complete, request, principal), dispatch=dispatch, catalogue=catalogue
            )
        except Exception:
            # Not if the server stops meanwhile: the task may yet be written.
            await artifacts.discard(file)
            raise
        if submitted.origin is not Origin.NEW:
            # The task that stands for it has a file of its own.
            await artifacts.discard(file)
        return answer(submitted)

    return [submit_upload]
