"""The API, described for programs."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler

from penstock.api.access import Principal, anonymous


def openapi_routes(*, document: Mapping[str, Any]) -> Sequence[HTTPRouteHandler]:
    """``GET /api/openapi.json``, open to all."""
    encoded = msgspec.json.encode(document)

    @get("/api/openapi.json", dependencies={"principal": Provide(anonymous)})
    async def show_openapi(principal: NamedDependency[Principal]) -> Response[bytes]:
        """The OpenAPI 3.1 document, with the schemas of all installed task types."""
        return Response(encoded, media_type="application/vnd.oai.openapi+json")

    return [show_openapi]
