"""The queues at a glance."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from collections.abc import Sequence

from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from penstock.api.access import Principal
from penstock.api.views import Success
from penstock.dispatch import Dispatch, QueueStatus


def queue_routes(*, dispatch: Dispatch) -> Sequence[HTTPRouteHandler]:
    """``GET /api/queues/status``."""

    @get("/api/queues/status")
    async def queue_status(
        principal: NamedDependency[Principal],
    ) -> Success[dict[str, QueueStatus]]:
        """How many tasks of each queue wait, run and have ended, and how many workers serve it."""
        return Success(data=await dispatch.queue_status())

    return [queue_status]
