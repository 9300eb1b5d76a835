"""Following a task by server-sent events: what its runs say, and its status, as they come.

See the HTML standard, "Server-sent events". Each line of a stream is made here and not by
Litestar's own response, which does the work anew for each of thousands of listeners.
"""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from penstock.api.access import Principal
from penstock.api.identifiers import read_id
from penstock.api.problems import FieldError, Problem
from penstock.api.task_lookup import found_task
from penstock.api.views import TaskView
from penstock.dispatch import Dispatch, EventHub, News
from penstock.events import Event, Position
from penstock.ledger import TaskRecord

LAST_EVENT_ID = "Last-Event-ID"
_MEDIA_TYPE = "text/event-stream"
_HEADERS = {
    # Compressing proxies would hold events back until they have a block.
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}
# Milliseconds after which a browser comes back when the connection was lost.
_RETRY = b"retry: 2000\n\n"
_HEARTBEAT = b": nothing new\n\n"


def event_routes(*, dispatch: Dispatch, hub: EventHub) -> Sequence[HTTPRouteHandler]:
    """``GET /api/queues/tasks/{id}/events``."""

    @get("/api/queues/tasks/{task_id:str}/events")
    async def follow_task(
        request: Request[Any, Any, Any],
        task_id: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Stream:
        """The events of a task, until it has ended."""
        after = _last_event_id(request)
        record = await found_task(dispatch, read_id(task_id, of="task"))
        return Stream(_stream(hub, record, after), headers=dict(_HEADERS), media_type=_MEDIA_TYPE)

    return [follow_task]


async def _stream(
    hub: EventHub, record: TaskRecord, after: Position | None
) -> AsyncGenerator[bytes, None]:
    yield _RETRY
    async with aclosing(hub.follow(record, after=after)) as batches:
        async for batch in batches:
            yield b"".join(map(_lines, batch)) or _HEARTBEAT


def _lines(news: News) -> bytes:
    """An event as it is sent. A status has no id: who comes back gets the present one first."""
    if isinstance(news, Event):
        head = b"" if news.position is None else b"id: %b\n" % str(news.position).encode()
        return b"%bevent: %b\ndata: %b\n\n" % (head, news.kind.encode(), news.data)
    view = msgspec.json.encode(TaskView.of(news))
    # What somebody sent as a task's input is kept with its line breaks.
    lines = b"\ndata: ".join(view.replace(b"\r", b" ").split(b"\n"))
    return b"event: status\ndata: %b\n\n" % lines


def _last_event_id(request: Request[Any, Any, Any]) -> Position | None:
    """Behind which event to begin.

    Raises:
        Problem: 400, if that is no id of an event.
    """
    given = request.headers.get(LAST_EVENT_ID)
    if not given:
        return None
    try:
        return Position.parse(given)
    except ValueError as error:
        message = f"expected {LAST_EVENT_ID} to be {error}, got {given[:100]!r}"
        remedy = "send the 'id' of an event of this task as it came, or leave the header out"
        raise Problem(
            "invalid-event-id",
            status=400,
            title="The id is not that of an event",
            detail=f"{message}; {remedy}",
            errors=[FieldError(LAST_EVENT_ID, message, remedy)],
        ) from error
