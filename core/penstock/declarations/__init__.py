"""What a plugin says: queues, task types and their policies, as plain checked data.

This room imports no Redis, no SQL and no HTTP, so that a plugin can be imported for its
declarations alone.
"""

from penstock.declarations.artifact import Artifact, ArtifactReader, Artifacts
from penstock.declarations.context import Context
from penstock.declarations.errors import (
    DeclarationError,
    PenstockError,
    PermanentError,
    Snooze,
    SupersededError,
    TaskError,
    TransientError,
)
from penstock.declarations.interruption import Interruption
from penstock.declarations.priority import Priority
from penstock.declarations.queue import Queue
from penstock.declarations.rate_limit import RateLimit
from penstock.declarations.retry_policy import RetryPolicy
from penstock.declarations.task_type import TaskType, task

__all__ = [
    "Artifact",
    "ArtifactReader",
    "Artifacts",
    "Context",
    "DeclarationError",
    "Interruption",
    "PenstockError",
    "PermanentError",
    "Priority",
    "Queue",
    "RateLimit",
    "RetryPolicy",
    "Snooze",
    "SupersededError",
    "TaskError",
    "TaskType",
    "TransientError",
    "task",
]
