"""The HTTP API as one Litestar application, built from what it is handed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import structlog
from litestar import Litestar, Request
from litestar.di import Provide

from penstock.api.access import Access, Principal
from penstock.api.openapi.document import openapi_document
from penstock.api.problem_map import problem_details
from penstock.api.request_log import ErrorLog, RequestLog
from penstock.api.response_headers import add_headers
from penstock.api.routes.artifacts import download_artifact
from penstock.api.routes.health import health
from penstock.api.routes.openapi import show_openapi
from penstock.api.routes.queues import queue_status
from penstock.api.routes.task_types import list_task_types, show_task_type
from penstock.api.routes.tasks import show_task, submit_task
from penstock.dispatch import ArtifactStore, Dispatch
from penstock.plugins import Catalogue

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_api(
    *,
    dispatch: Dispatch,
    artifacts: ArtifactStore,
    catalogue: Catalogue,
    access: Access,
    max_body_bytes: int,
    lifespan: Sequence[Lifespan] = (),
) -> Litestar:
    """Build the API; nothing is opened or started before its lifespan begins.

    Args:
        dispatch: takes tasks and looks them up.
        artifacts: the files that tasks made.
        catalogue: the task types on offer.
        access: who may call. ``GET /api/health`` and ``GET /api/openapi.json`` are open to all.
        max_body_bytes: larger bodies are refused with 413.
        lifespan: context managers that are entered when the server starts and left when it stops.
    """
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("penstock.api")
    document = openapi_document(catalogue, max_body_bytes=max_body_bytes)
    return Litestar(
        route_handlers=[
            submit_task,
            show_task,
            queue_status,
            health,
            list_task_types,
            show_task_type,
            download_artifact,
            show_openapi,
        ],
        dependencies={
            "principal": Provide(_principal_by(access)),
            "dispatch": _provide(dispatch),
            "artifacts": _provide(artifacts),
            "catalogue": _provide(catalogue),
            "logger": _provide(logger),
            "openapi": _provide(document),
        },
        plugins=[problem_details(max_body_bytes=max_body_bytes)],
        middleware=[RequestLog(logger)],
        before_send=[add_headers],
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


def _provide(value: object) -> Provide:
    def provided() -> Any:
        return value

    return Provide(provided, sync_to_thread=False)
