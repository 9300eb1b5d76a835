"""The files that tasks made, served so that no browser runs them."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from penstock.api.access import Principal
from penstock.api.downloads import download_headers, is_known
from penstock.api.identifiers import read_id
from penstock.api.problems import Problem
from penstock.declarations import PermanentError
from penstock.dispatch import ArtifactStore


def artifact_routes(*, artifacts: ArtifactStore) -> Sequence[HTTPRouteHandler]:
    """``GET /api/artifacts/{id}``."""

    @get("/api/artifacts/{artifact_id:str}")
    async def download_artifact(
        request: Request[Any, Any, Any],
        artifact_id: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Response[Any]:
        """A file's bytes, streamed; ``304`` if the caller's copy is the same."""
        wanted = read_id(artifact_id, of="file")
        try:
            reader = await artifacts.open(wanted)
        except PermanentError as error:
            if error.code != "artifact_not_found":
                raise
            raise Problem(
                "artifact-not-found",
                status=404,
                title="There is no such file",
                detail=f"there is no file {wanted}; a task's result has the ids of its files",
            ) from error
        headers = download_headers(reader.artifact)
        if is_known(request.headers.get("if-none-match"), headers["ETag"]):
            kept = {name: headers[name] for name in ("ETag", "Cache-Control")}
            return Response(None, status_code=304, headers=kept)
        return Stream(reader, headers=headers, media_type=headers["Content-Type"])

    return [download_artifact]
