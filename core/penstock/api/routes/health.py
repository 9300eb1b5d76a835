"""Whether tasks can be taken and run."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

import asyncio
from collections.abc import Sequence

import msgspec
import structlog
from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler

from penstock.api.access import Principal, anonymous
from penstock.api.problem_map import unavailable
from penstock.api.views import Success
from penstock.dispatch import Component, Dispatch, Health

# Load balancers ask with short patience; dispatch promises to answer sooner by itself.
_PATIENCE_SECONDS = 1.8


def health_routes(
    *, dispatch: Dispatch, logger: structlog.stdlib.BoundLogger
) -> Sequence[HTTPRouteHandler]:
    """``GET /api/health``, open to all."""

    @get("/api/health", dependencies={"principal": Provide(anonymous)})
    async def health(principal: NamedDependency[Principal]) -> Success[Health]:
        """Whether Redis and the database answer; always within two seconds."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                found = await dispatch.health()
        except TimeoutError:
            detail = f"redis and database: no answer within {_PATIENCE_SECONDS} s"
            raise unavailable("service", detail) from None
        if found.status != "unavailable":
            return Success(data=found)
        down = [name for name in ("redis", "database") if getattr(found, name).status == "down"]
        for name in down:
            logger.warning("a service is away", service=name, reason=getattr(found, name).detail)
        verb = "is" if len(down) == 1 else "are"
        raise unavailable(
            "-and-".join(down),
            f"{' and '.join(down)} {verb} down",
            data=_for_everybody(found, down),
        )

    return [health]


def _for_everybody(found: Health, down: Sequence[str]) -> Health:
    """``found`` without the reasons, which may quote addresses and user names."""
    told: dict[str, Component] = {
        name: msgspec.structs.replace(
            getattr(found, name), detail=f"{name} does not answer; the API's log says why"
        )
        for name in down
    }
    return msgspec.structs.replace(found, **told)
