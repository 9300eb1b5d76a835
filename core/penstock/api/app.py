"""The HTTP API as one Litestar application, built from what it is handed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import structlog
from litestar import Litestar, Request
from litestar.di import Provide

from penstock.api.access import Access, Principal
from penstock.api.openapi.document import openapi_document
from penstock.api.problem_map import problem_details
from penstock.api.request_log import ErrorLog, RequestLog
from penstock.api.response_headers import header_hook
from penstock.api.routes.artifacts import artifact_routes
from penstock.api.routes.batches import batch_routes
from penstock.api.routes.bulk import bulk_routes
from penstock.api.routes.children import children_routes
from penstock.api.routes.events import event_routes
from penstock.api.routes.health import health_routes
from penstock.api.routes.openapi import openapi_routes
from penstock.api.routes.plugins import plugin_routes
from penstock.api.routes.providers import provider_routes
from penstock.api.routes.queue_control import queue_control_routes
from penstock.api.routes.queues import queue_routes
from penstock.api.routes.schedules import schedule_routes
from penstock.api.routes.task_bulk import task_bulk_routes
from penstock.api.routes.task_lists import task_list_routes
from penstock.api.routes.task_log import task_log_routes
from penstock.api.routes.task_transitions import task_transition_routes
from penstock.api.routes.task_types import task_type_routes
from penstock.api.routes.tasks import task_routes
from penstock.api.routes.uploads import upload_routes
from penstock.api.services import ApiServices
from penstock.plugins import PluginView

MAX_WAIT = timedelta(minutes=1)

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_api(
    services: ApiServices,
    *,
    access: Access,
    max_body_bytes: int,
    max_upload_bytes: int,
    max_wait: timedelta = MAX_WAIT,
    plugins: Sequence[PluginView] = (),
    lifespan: Sequence[Lifespan] = (),
) -> Litestar:
    """Build the API; nothing is opened or started before its lifespan begins.

    Args:
        services: what the routes work with.
        access: who may call. ``GET /api/health`` and ``GET /api/openapi.json`` are open to all.
        max_body_bytes: larger bodies are refused with 413.
        max_upload_bytes: the same for ``POST /api/uploads``, which keeps none in memory.
        max_wait: for how long a request may wait for its task's outcome.
        plugins: what is installed, loaded or not.
        lifespan: context managers that are entered when the server starts and left when it stops.
    """
    dispatch, catalogue, hub = services.dispatch, services.catalogue, services.hub
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("penstock.api")
    document = openapi_document(
        catalogue, max_body_bytes=max_body_bytes, max_upload_bytes=max_upload_bytes
    )
    return Litestar(
        route_handlers=[
            *task_routes(dispatch=dispatch, hub=hub, catalogue=catalogue, max_wait=max_wait),
            *task_list_routes(dispatch=dispatch, catalogue=catalogue),
            *task_bulk_routes(dispatch=dispatch, catalogue=catalogue),
            *bulk_routes(dispatch=dispatch, catalogue=catalogue),
            *task_transition_routes(dispatch=dispatch),
            *children_routes(dispatch=dispatch),
            *batch_routes(batches=dispatch.batches, catalogue=catalogue),
            *event_routes(dispatch=dispatch, hub=hub),
            *task_log_routes(dispatch=dispatch, task_log=services.task_log),
            *queue_routes(dispatch=dispatch),
            *queue_control_routes(queue_control=services.queue_control),
            *schedule_routes(schedule_control=services.schedule_control, catalogue=catalogue),
            *health_routes(dispatch=dispatch, logger=logger),
            *plugin_routes(plugins=plugins),
            *task_type_routes(catalogue=catalogue, policy_control=services.policy_control),
            *provider_routes(policy_control=services.policy_control),
            *upload_routes(
                dispatch=dispatch,
                artifacts=services.artifacts,
                catalogue=catalogue,
                max_body_bytes=max_body_bytes,
                max_upload_bytes=max_upload_bytes,
            ),
            *artifact_routes(artifacts=services.artifacts),
            *openapi_routes(document=document),
        ],
        # The only one: Litestar starts an asyncio task for each of several, for every request.
        dependencies={"principal": Provide(_principal_by(access))},
        plugins=[problem_details(max_body_bytes=max_body_bytes)],
        middleware=[RequestLog(logger)],
        before_send=[header_hook()],
        after_exception=[ErrorLog(logger)],
        request_max_body_size=max_body_bytes,
        lifespan=list(lifespan),
        # Litestar's own document knows the routes but not the task types.
        openapi_config=None,
        # Its logging would write bodies, and set up loggers behind the application's back.
        logging_config=None,
    )


def _principal_by(access: Access) -> Callable[[Request[Any, Any, Any]], Awaitable[Principal]]:
    async def principal(request: Request[Any, Any, Any]) -> Principal:
        return await access.principal(request.headers.get("authorization"))

    return principal
