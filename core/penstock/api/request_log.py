"""What the API writes to the log: one line per request, and unexpected errors in full.

Bodies and query strings are never logged: they carry the users' data.
"""

import time
from http import HTTPStatus

import structlog
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from penstock.api.problem_map import is_expected
from penstock.api.problems import Problem
from penstock.api.request_id import request_id
from penstock.engine import EngineUnavailableError
from penstock.ledger import LedgerUnavailableError

_SERVER_ERROR = 500


class RequestLog(ASGIMiddleware):
    """Logs each request that reaches a route, with its status and duration.

    Everything that is logged meanwhile, by whomever, carries the request's id.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, logger: structlog.stdlib.BoundLogger) -> None:
        self._logger = logger

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """See :class:`litestar.middleware.ASGIMiddleware`."""
        started = time.perf_counter()
        status = 0

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id(scope)):
            try:
                await next_app(scope, receive, observed)
            finally:
                quiet = _is_routine(scope, status)
                log = self._logger.debug if quiet else self._logger.info
                log(
                    "request",
                    method=scope.get("method"),
                    path=scope["path"],
                    status=status,
                    ms=round((time.perf_counter() - started) * 1000, 1),
                )


def _is_routine(scope: Scope, status: int) -> bool:
    """Whether a request is one of many that say nothing new.

    Probes ask for health every few seconds (what is wrong then is logged elsewhere), and whoever
    waits for a task looks at it again and again.
    """
    path = scope["path"]
    looks = scope.get("method") == "GET" and path.startswith("/api/queues/tasks/")
    return path == "/api/health" or (looks and status == HTTPStatus.OK)


class ErrorLog:
    """An ``after_exception`` hook.

    Logs what nobody meant to happen, with its traceback, and why a service is away: the caller is
    told of neither, since such messages may quote statements, addresses and user names.
    """

    def __init__(self, logger: structlog.stdlib.BoundLogger) -> None:
        self._logger = logger

    async def __call__(self, error: Exception, scope: Scope) -> None:
        """Log ``error``, unless it is the answer to a bad request."""
        about = {"request_id": request_id(scope), "path": scope["path"]}
        if isinstance(error, LedgerUnavailableError | EngineUnavailableError):
            self._logger.warning("a service is away", reason=str(error), **about)
        elif isinstance(error, HTTPException):
            if not isinstance(error, Problem) and error.status_code >= _SERVER_ERROR:
                self._logger.error("unexpected error", exc_info=error, **about)
        elif not is_expected(error):
            self._logger.error("unexpected error", exc_info=error, **about)
