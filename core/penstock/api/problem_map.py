"""Which exception becomes which problem document."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar.exceptions import HTTPException
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsPlugin

from penstock.api.access import UnauthorizedError
from penstock.api.problems import FieldError, Problem, invalid_request, too_large
from penstock.declarations import PenstockError
from penstock.dispatch import (
    BatchSealedError,
    InvalidPolicyError,
    InvalidTermError,
    QueueDrainingError,
    QueueFullError,
    ScheduleDeclaredError,
    ScheduleExistsError,
    TaskTypeDisabledError,
    UnexpectedError,
    UnknownScheduleError,
)
from penstock.engine import EngineUnavailableError
from penstock.ledger import (
    IdempotencyKeyReusedError,
    LedgerUnavailableError,
    NotMigratedError,
    TwinOpenError,
    TwinPendingError,
)
from penstock.plugins import (
    AbsentTaskTypeError,
    ProviderNotFoundError,
    UnknownQueueError,
    UnknownTaskTypeError,
)

RETRY_AFTER_SECONDS = 5
# Somebody has to resume it; nobody knows when.
_DRAINING_RETRY_AFTER_SECONDS = 60
# Somebody has to mend or install it, and start the processes anew.
_ABSENT_RETRY_AFTER_SECONDS = 60
_PLUGINS_LISTED = "GET /api/plugins lists what is installed, and what did not load"
_log = logging.getLogger(__name__)
_ROUTES = "GET /api/openapi.json lists every route and its methods"


def problem_details(*, max_body_bytes: int) -> ProblemDetailsPlugin:
    """Litestar's plugin, told about every exception that may reach it."""

    def http_problem(error: HTTPException) -> Problem:
        if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return too_large("$", "the body", max_body_bytes, setting="PENSTOCK_MAX_BODY_BYTES")
        return _http(error)

    problems: Mapping[type[Exception], Callable[[Any], Problem]] = {
        **_of_ours(),
        HTTPException: http_problem,
        Exception: _unexpected,
    }
    # Litestar's own handler calls the problem's to_response, which is ours.
    config = ProblemDetailsConfig(exception_to_problem_detail_map=dict(problems))
    return ProblemDetailsPlugin(config)


def _of_ours() -> Mapping[type[Exception], Callable[[Any], Problem]]:
    return {
        UnauthorizedError: _unauthorized,
        UnknownTaskTypeError: unknown_task_type,
        UnknownQueueError: _unknown_queue,
        ProviderNotFoundError: _unknown_provider,
        InvalidPolicyError: _invalid_policy,
        InvalidTermError: invalid_term,
        UnknownScheduleError: _unknown_schedule,
        ScheduleExistsError: _schedule_conflict,
        ScheduleDeclaredError: _schedule_conflict,
        QueueDrainingError: _queue_draining,
        TaskTypeDisabledError: _task_type_disabled,
        BatchSealedError: _batch_sealed,
        QueueFullError: _queue_full,
        IdempotencyKeyReusedError: _key_reused,
        TwinPendingError: _twin_pending,
        TwinOpenError: _twin_open,
        LedgerUnavailableError: _database_unavailable,
        EngineUnavailableError: _redis_unavailable,
        # Logged where it was met.
        UnexpectedError: _unexpected,
    }


def problem_of(error: PenstockError) -> Problem:
    """The problem of one of several things that were asked for; an unexpected one is logged."""
    if not is_expected(error):
        _log.error("unexpected error", exc_info=error)
        return _unexpected(error)
    known = _of_ours()
    # The nearest of its classes, as Litestar looks it up.
    return next(known[each] for each in type(error).mro() if each in known)(error)


def is_expected(error: Exception) -> bool:
    """Whether a problem tells the caller what ``error`` is, so that no log need have it."""
    return not _of_ours().keys().isdisjoint(type(error).mro())


def unknown_task_type(error: UnknownTaskTypeError, *, status: int = 422) -> Problem:
    """A task type that no loaded plugin declares."""
    if isinstance(error, AbsentTaskTypeError) and status != HTTPStatus.NOT_FOUND:
        return _plugin_absent(error)
    field = FieldError("$.type", str(error), unknown_task_type_remedy(error))
    return Problem(
        "unknown-task-type",
        status=status,
        title="There is no such task type",
        detail=str(error),
        errors=[field] if status != HTTPStatus.NOT_FOUND else (),
    )


def _plugin_absent(error: AbsentTaskTypeError) -> Problem:
    return Problem(
        "plugin-not-loaded",
        status=503,
        title="The plugin of this task type is not loaded",
        detail=f"{error}; {_PLUGINS_LISTED}",
        headers={"Retry-After": str(_ABSENT_RETRY_AFTER_SECONDS)},
    )


def unknown_task_type_remedy(error: UnknownTaskTypeError) -> str:
    """What to do about an unknown task type."""
    if isinstance(error, AbsentTaskTypeError):
        return _PLUGINS_LISTED
    listed = "GET /api/task-types lists the task types that are installed"
    return (
        f"use {error.suggestion!r}, or install the plugin; {listed}" if error.suggestion else listed
    )


def _unauthorized(error: UnauthorizedError) -> Problem:
    return Problem(
        "unauthorized",
        status=401,
        title="Not authorized",
        detail=f"{error}; send the header 'Authorization: Bearer <key>' with a valid API key",
        headers={"WWW-Authenticate": error.challenge},
    )


def _unknown_queue(error: UnknownQueueError) -> Problem:
    return Problem(
        "queue-not-found",
        status=404,
        title="There is no such queue",
        detail=str(error),
    )


def _unknown_provider(error: ProviderNotFoundError) -> Problem:
    return Problem(
        "provider-not-found",
        status=404,
        title="There is no such provider",
        detail=str(error),
    )


def _invalid_policy(error: InvalidPolicyError) -> Problem:
    return Problem(
        "invalid-policy",
        status=422,
        title=f"This cannot be said of {error.of}",
        detail=str(error),
        errors=[FieldError(f"$.{each.knob}", each.message, each.remedy) for each in error.faults],
    )


def invalid_term(error: InvalidTermError) -> Problem:
    """A term of a submission that cannot be had."""
    field = f"$.{error.field}" + ("_seconds" if error.field == "ttl" else "")
    return invalid_request([FieldError(field, error.message, error.remedy)])


def _unknown_schedule(error: UnknownScheduleError) -> Problem:
    return Problem(
        "schedule-not-found",
        status=404,
        title="There is no such schedule",
        detail=str(error),
    )


def _schedule_conflict(error: ScheduleExistsError | ScheduleDeclaredError) -> Problem:
    return Problem(
        "schedule-conflict",
        status=409,
        title="The schedule does not allow this",
        detail=str(error),
    )


def _batch_sealed(error: BatchSealedError) -> Problem:
    return Problem(
        "batch-sealed",
        status=409,
        title="The batch takes no more tasks",
        detail=str(error),
    )


def _queue_draining(error: QueueDrainingError) -> Problem:
    return Problem(
        "queue-draining",
        status=503,
        title="The queue takes no new tasks",
        detail=str(error),
        headers={"Retry-After": str(_DRAINING_RETRY_AFTER_SECONDS)},
    )


def _task_type_disabled(error: TaskTypeDisabledError) -> Problem:
    return Problem(
        "task-type-disabled",
        status=503,
        title="The task type takes no new tasks",
        detail=str(error),
        headers={"Retry-After": str(_DRAINING_RETRY_AFTER_SECONDS)},
    )


def _queue_full(error: QueueFullError) -> Problem:
    return Problem(
        error.code.replace("_", "-"),
        status=429,
        title="The queue is full",
        detail=str(error),
        headers={"Retry-After": str(math.ceil(error.retry_after.total_seconds()))},
    )


def _key_reused(error: IdempotencyKeyReusedError) -> Problem:
    return Problem(
        "idempotency-key-reused",
        status=409,
        title="The idempotency key was used for something else",
        detail=str(error),
    )


def _twin_pending(error: TwinPendingError) -> Problem:
    return Problem(
        "twin-pending",
        status=409,
        title="The same is just being asked for",
        detail=str(error),
        headers={"Retry-After": "1"},
    )


def _twin_open(error: TwinOpenError) -> Problem:
    return Problem(
        "unique-task-open",
        status=409,
        title="Another task of this kind is open",
        detail=str(error),
    )


def _database_unavailable(error: LedgerUnavailableError) -> Problem:
    if isinstance(error, NotMigratedError):
        return unavailable("database", f"the database is not set up: {error.remedy}")
    return unavailable("database", "the database is away or too slow")


def _redis_unavailable(_: EngineUnavailableError) -> Problem:
    return unavailable("redis", "Redis is away or too slow")


def unavailable(service: str, detail: str, *, data: object = msgspec.UNSET) -> Problem:
    """A service that this request needs does not answer; why stands in the log only."""
    return Problem(
        f"{service}-unavailable",
        status=503,
        title="A service that this needs is not available",
        detail=f"{detail}; try again in {RETRY_AFTER_SECONDS} s",
        data=data,
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _http(error: HTTPException) -> Problem:
    """What Litestar itself refuses: routes, methods, malformed requests."""
    status = HTTPStatus(error.status_code)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unexpected(error)
    if status is HTTPStatus.NOT_FOUND:
        detail = f"there is nothing at this path; {_ROUTES}"
    elif status is HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"this path has no such method; {_ROUTES}"
    else:
        detail = error.detail
    return Problem(
        status.phrase.lower().replace(" ", "-"),
        status=status,
        title=status.phrase,
        detail=detail,
        headers=error.headers,
    )


def _unexpected(_: Exception) -> Problem:
    # What it was stands in the log, under the request id, and nowhere else.
    return Problem(
        "internal-error",
        status=500,
        title="Internal error",
        detail="something went wrong here, not in the request; the log has it under the request_id",
    )
