"""What an operator sees and changes of queues while everything runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from penstock.api.access import Principal
from penstock.api.fields import unknown_field
from penstock.api.json_body import read_object
from penstock.api.json_faults import shown
from penstock.api.policy_values import read_values
from penstock.api.problems import FieldError, invalid_request
from penstock.api.views import Success
from penstock.dispatch import Purge, QueueControl, QueuePolicy

_PURGE_FIELDS = ("before",)


def queue_control_routes(*, queue_control: QueueControl) -> Sequence[HTTPRouteHandler]:
    """``/api/queues`` and ``/api/queues/{name}`` with what can be done to it."""

    @get("/api/queues")
    async def list_queues(
        principal: NamedDependency[Principal],  # noqa: ARG001  (makes Litestar ask who is calling)
    ) -> Success[list[QueuePolicy]]:
        """All queues with what holds for them, and who says so."""
        return Success(data=await queue_control.list())

    @get("/api/queues/{queue:str}")
    async def show_queue(
        queue: FromPath[str],
        principal: NamedDependency[Principal],  # noqa: ARG001  (as above)
    ) -> Success[QueuePolicy]:
        """One queue."""
        return Success(data=await queue_control.show(queue))

    @patch("/api/queues/{queue:str}")
    async def set_queue(
        request: Request[Any, Any, Any],
        queue: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Success[QueuePolicy]:
        """Say what shall hold for a queue, by knob; ``null`` takes it back. All of it or none."""
        values = await read_values(request)
        return Success(data=await queue_control.set(queue, values, by=principal.name))

    @post("/api/queues/{queue:str}/purge", status_code=200)
    async def purge_queue(
        request: Request[Any, Any, Any],
        queue: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Success[Purge]:
        """Cancel what waits; repeat it with the same ``before`` until it is complete."""
        before = await _read_before(request)
        found = await queue_control.purge(queue, by=principal.name, before=before)
        return Success(data=found)

    return [
        list_queues,
        show_queue,
        set_queue,
        _switch(delete("/api/queues/{queue:str}/overrides", status_code=200), queue_control.reset),
        _switch(post("/api/queues/{queue:str}/pause", status_code=200), queue_control.pause),
        _switch(post("/api/queues/{queue:str}/resume", status_code=200), queue_control.resume),
        _switch(post("/api/queues/{queue:str}/drain", status_code=200), queue_control.drain),
        purge_queue,
    ]


def _switch(
    route: HTTPRouteHandler, change: Callable[..., Awaitable[QueuePolicy]]
) -> HTTPRouteHandler:
    """A route that changes a queue without asking how, and answers with what holds then."""

    async def switch_queue(
        queue: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[QueuePolicy]:
        return Success(data=await change(queue, by=principal.name))

    return route(switch_queue)


async def _read_before(request: Request[Any, Any, Any]) -> datetime | None:
    """The moment in an optional body.

    Raises:
        Problem: for a body that is there and says anything else.
    """
    if not await request.body():
        return None
    members = await read_object(request)
    errors = [unknown_field(name, _PURGE_FIELDS) for name in members if name not in _PURGE_FIELDS]
    before = None
    if "before" in members:
        try:
            before = msgspec.json.decode(members["before"], type=datetime | None)
        except msgspec.ValidationError:
            value = shown(msgspec.json.decode(members["before"]))
            message = f"expected a date and time, got {value}"
            errors.append(FieldError("$.before", message, "write it like 2026-11-25T12:00:00Z"))
    if errors:
        raise invalid_request(errors)
    if before is not None and before.tzinfo is None:
        before = before.replace(tzinfo=UTC)
    return before
