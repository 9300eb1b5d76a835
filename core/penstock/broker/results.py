"""Results for callers who wait by taskiq's ``wait_result()``; the ledger has them anyway."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from pydantic import BeforeValidator
from taskiq import TaskiqResult
from taskiq.serializers import JSONSerializer
from taskiq_redis import RedisAsyncClusterResultBackend, RedisAsyncResultBackend

from penstock.declarations.data_type import DataType
from penstock.engine import ClusterClient, RedisServers
from penstock.processes.error_report import HandlerError


def result_backend(
    servers: RedisServers, *, namespace: str, keep: timedelta
) -> RedisAsyncResultBackend[Any] | RedisAsyncClusterResultBackend[Any]:
    """taskiq-redis' backend, with JSON (its default pickles), a prefix and a TTL (it has none)."""
    options: dict[str, Any] = {
        "prefix_str": f"{namespace}:result",
        "result_ex_time": max(1, round(keep.total_seconds())),
        "serializer": JSONSerializer(),
    }
    if servers.is_cluster:
        return _ClusterResults(servers, **options)
    backend: RedisAsyncResultBackend[Any] = RedisAsyncResultBackend("redis://", **options)
    # Ours reaches whatever the engine reaches. The backend that taskiq-redis has for Sentinel opens
    # a connection per call, and `wait_result()` asks five times a second.
    backend.redis_pool = servers.command_pool()
    return backend


class _ClusterResults(RedisAsyncClusterResultBackend[Any]):
    """taskiq-redis' backend for clusters, by our connections."""

    def __init__(self, servers: RedisServers, **options: Any) -> None:
        super().__init__("redis://localhost", **options)
        self._pool = servers.command_pool()
        # One that leaves the pool open: the backend closes its client after each result.
        self.redis: Any = ClusterClient(connection_pool=self._pool)

    async def shutdown(self) -> None:
        """Close all connections."""
        await self._pool.aclose()
        await super().shutdown()


def return_type(output: DataType) -> Any:
    """A type by which pydantic, which taskiq asks, returns results as ``output``."""

    def convert(value: Any) -> Any:
        # A failed task has no value; it is not for the output type to complain about.
        return None if value is None else output.convert(value)

    return Annotated[Any, BeforeValidator(convert)]


def as_result(
    output: str | None, error: BaseException | None, labels: dict[str, Any], started: float
) -> TaskiqResult[Any]:
    """What middlewares and waiting callers see of a run that began at ``started`` (monotonic).

    ``output`` is what the handler returned, as JSON.
    """
    if isinstance(error, HandlerError):
        # Who knows a PermanentError by its type, shall know it here as well.
        error = error.report.exception() or error
    return TaskiqResult.model_construct(
        is_err=error is not None,
        log=None,
        return_value=None if output is None else msgspec.json.decode(output),
        execution_time=round(time.monotonic() - started, 3),
        labels=labels,
        error=error,
    )
