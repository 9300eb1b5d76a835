"""Penstock: a serverless-style plugin framework for background tasks.

These names are the whole contract with a plugin; everything else is free to change.
"""

import importlib
from typing import TYPE_CHECKING, Any

from penstock.declarations import (
    Artifact,
    BatchSummary,
    Context,
    DeclarationError,
    Interruption,
    PenstockError,
    PermanentError,
    Priority,
    Provider,
    Queue,
    RateLimit,
    RateLimitedError,
    RetryPolicy,
    Schedule,
    Snooze,
    SupersededError,
    SyncContext,
    TaskError,
    TaskInterrupted,
    TaskType,
    TransientError,
    UnitLimit,
    task,
)
from penstock.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from penstock.client import (
        BatchHandle,
        BatchInfo,
        BatchNotFoundError,
        BatchPartError,
        BatchSealedError,
        BulkRefusedError,
        Callback,
        Client,
        ForeignSessionError,
        IdempotencyKeyReusedError,
        QueueFullError,
        SyncClient,
        SyncTaskHandle,
        TaskEvent,
        TaskFailedError,
        TaskFilter,
        TaskHandle,
        TaskInfo,
        TaskNotFoundError,
        TaskRequest,
        TaskStatusError,
        TwinOpenError,
        TwinPendingError,
        UserQueueFullError,
    )

__all__ = [
    "Artifact",
    "BatchHandle",
    "BatchInfo",
    "BatchNotFoundError",
    "BatchPartError",
    "BatchSealedError",
    "BatchSummary",
    "BulkRefusedError",
    "Callback",
    "Client",
    "Context",
    "DeclarationError",
    "ForeignSessionError",
    "IdempotencyKeyReusedError",
    "Interruption",
    "PenstockError",
    "PermanentError",
    "Priority",
    "Provider",
    "Queue",
    "QueueFullError",
    "RateLimit",
    "RateLimitedError",
    "RetryPolicy",
    "Schedule",
    "Snooze",
    "SupersededError",
    "SyncClient",
    "SyncContext",
    "SyncTaskHandle",
    "TaskError",
    "TaskEvent",
    "TaskFailedError",
    "TaskFilter",
    "TaskHandle",
    "TaskInfo",
    "TaskInterrupted",
    "TaskNotFoundError",
    "TaskRequest",
    "TaskStatusError",
    "TaskType",
    "TransientError",
    "TwinOpenError",
    "TwinPendingError",
    "UnitLimit",
    "UserQueueFullError",
    "hookimpl",
    "task",
]

_CLIENT = {
    "BulkRefusedError",
    "BatchHandle",
    "BatchInfo",
    "BatchNotFoundError",
    "BatchPartError",
    "BatchSealedError",
    "Callback",
    "Client",
    "ForeignSessionError",
    "IdempotencyKeyReusedError",
    "QueueFullError",
    "SyncClient",
    "SyncTaskHandle",
    "TaskEvent",
    "TaskFailedError",
    "TaskFilter",
    "TaskHandle",
    "TaskInfo",
    "TaskNotFoundError",
    "TaskRequest",
    "TaskStatusError",
    "TwinOpenError",
    "TwinPendingError",
    "UserQueueFullError",
}


def __getattr__(name: str) -> Any:
    # The client brings Redis and SQL along, which a plugin that only declares must not wait for.
    if name in _CLIENT:
        return getattr(importlib.import_module("penstock.client"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
