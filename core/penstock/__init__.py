"""Penstock: a serverless-style plugin framework for background tasks.

These names are the whole contract with a plugin; everything else is free to change.
"""

import importlib
from typing import TYPE_CHECKING, Any

from penstock.declarations import (
    Artifact,
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
        Client,
        QueueFullError,
        TaskFailedError,
        TaskFilter,
        TaskHandle,
        TaskInfo,
        TaskNotFoundError,
        TaskStatusError,
        UserQueueFullError,
    )

__all__ = [
    "Artifact",
    "Client",
    "Context",
    "DeclarationError",
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
    "Snooze",
    "SupersededError",
    "SyncContext",
    "TaskError",
    "TaskFailedError",
    "TaskFilter",
    "TaskHandle",
    "TaskInfo",
    "TaskInterrupted",
    "TaskNotFoundError",
    "TaskStatusError",
    "TaskType",
    "TransientError",
    "UnitLimit",
    "UserQueueFullError",
    "hookimpl",
    "task",
]

_CLIENT = {
    "Client",
    "QueueFullError",
    "TaskFailedError",
    "TaskFilter",
    "TaskHandle",
    "TaskInfo",
    "TaskNotFoundError",
    "TaskStatusError",
    "UserQueueFullError",
}


def __getattr__(name: str) -> Any:
    # The client brings Redis and SQL along, which a plugin that only declares must not wait for.
    if name in _CLIENT:
        return getattr(importlib.import_module("penstock.client"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
