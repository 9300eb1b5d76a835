"""Penstock: a serverless-style plugin framework for background tasks.

These names are the whole contract with a plugin; everything else is free to change.
"""

from penstock.declarations import (
    Artifact,
    Context,
    DeclarationError,
    PenstockError,
    PermanentError,
    Priority,
    Queue,
    RateLimit,
    RetryPolicy,
    Snooze,
    TaskError,
    TaskType,
    TransientError,
    task,
)
from penstock.plugins.hookspecs import hookimpl

__all__ = [
    "Artifact",
    "Context",
    "DeclarationError",
    "PenstockError",
    "PermanentError",
    "Priority",
    "Queue",
    "RateLimit",
    "RetryPolicy",
    "Snooze",
    "TaskError",
    "TaskType",
    "TransientError",
    "hookimpl",
    "task",
]
