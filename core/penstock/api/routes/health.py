"""Whether tasks can be taken and run."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

import asyncio
from collections.abc import Mapping, Sequence

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
        services = {"redis": found.redis, "database": found.database}
        down = {name: each for name, each in services.items() if each.status != "up"}
        for name, each in down.items():
            logger.warning("a service is away", service=name, reason=each.detail)
        raise unavailable("-and-".join(down), _in_words(down), data=_for_everybody(found, down))

    return [health]


def _in_words(services: Mapping[str, Component]) -> str:
    down = [name for name, each in services.items() if each.status == "down"]
    lacking = [f"{name}: {each.detail}" for name, each in services.items() if name not in down]
    verb = "is" if len(down) == 1 else "are"
    return ", ".join(([f"{' and '.join(down)} {verb} down"] if down else []) + lacking)


def _for_everybody(found: Health, services: Mapping[str, Component]) -> Health:
    """``found`` without the reasons why a service is down, which may quote addresses and names."""
    told = {
        name: msgspec.structs.replace(
            each, detail=f"{name} does not answer; the API's log says why"
        )
        for name, each in services.items()
        if each.status == "down"
    }
    return msgspec.structs.replace(found, **told)
