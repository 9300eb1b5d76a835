"""The API, described for programs."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from penstock.api.access import Principal, anonymous


@get("/api/openapi.json", dependencies={"principal": Provide(anonymous)})
async def show_openapi(
    principal: NamedDependency[Principal],
    openapi: NamedDependency[SkipValidation[dict[str, Any]]],
) -> Response[dict[str, Any]]:
    """The OpenAPI 3.1 document, with the schemas of all installed task types."""
    return Response(openapi, media_type="application/vnd.oai.openapi+json")
