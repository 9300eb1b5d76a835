"""Whether tasks can be taken and run."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

import asyncio

import msgspec
import structlog
from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from penstock.api.access import Principal, anonymous
from penstock.api.problem_map import unavailable
from penstock.api.views import Success
from penstock.dispatch import Component, Dispatch, Health

# Load balancers ask with short patience; dispatch promises to answer sooner by itself.
_PATIENCE_SECONDS = 1.8


@get("/api/health", dependencies={"principal": Provide(anonymous)})
async def health(
    principal: NamedDependency[Principal],
    dispatch: NamedDependency[SkipValidation[Dispatch]],
    logger: NamedDependency[SkipValidation[structlog.stdlib.BoundLogger]],
) -> Success[Health]:
    """Whether Redis and the database answer; always within two seconds."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            found = await dispatch.health()
    except TimeoutError:
        detail = f"redis and database: no answer within {_PATIENCE_SECONDS} s"
        raise unavailable("service", detail) from None
    if found.status == "ok":
        return Success(data=found)
    down = []
    for name in ("redis", "database"):
        component: Component = getattr(found, name)
        if component.status == "down":
            down.append(name)
            # Anybody may ask for health; addresses and user names in the reason are not for all.
            logger.warning("a service is away", service=name, reason=component.detail)
            told = msgspec.structs.replace(
                component, detail=f"{name} does not answer; the API's log says why"
            )
            found = msgspec.structs.replace(found, **{name: told})
    verb = "is" if len(down) == 1 else "are"
    raise unavailable("-and-".join(down), f"{' and '.join(down)} {verb} down", data=found)
