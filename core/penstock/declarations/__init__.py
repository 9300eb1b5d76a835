"""What a plugin says: queues, task types and their policies, as plain checked data.

This room imports no Redis, no SQL and no HTTP, so that a plugin can be imported for its
declarations alone.
"""

from penstock.declarations.address import Address
from penstock.declarations.artifact import (
    Artifact,
    ArtifactReader,
    Artifacts,
    SyncArtifactReader,
    SyncArtifacts,
)
from penstock.declarations.batch_summary import BatchSummary
from penstock.declarations.context import Context
from penstock.declarations.errors import (
    DeclarationError,
    PenstockError,
    PermanentError,
    RateLimitedError,
    Snooze,
    SupersededError,
    TaskError,
    TransientError,
)
from penstock.declarations.installed import Installed
from penstock.declarations.interruption import Interruption, TaskInterrupted
from penstock.declarations.middleware import Middleware
from penstock.declarations.priority import Priority
from penstock.declarations.provider import Provider, UnitLimit
from penstock.declarations.queue import Queue
from penstock.declarations.rate_limit import RateLimit
from penstock.declarations.recurrence import Recurrence
from penstock.declarations.retry_policy import RetryPolicy
from penstock.declarations.schedule import Misfire, Schedule
from penstock.declarations.secret import Secret
from penstock.declarations.settings_reader import SettingsReader
from penstock.declarations.sync_context import SyncContext
from penstock.declarations.task_listener import OutcomeCallback, TaskListener, TaskOutcome
from penstock.declarations.task_type import AsyncTaskType, SyncTaskType, TaskType, task

__all__ = [
    "Address",
    "Artifact",
    "ArtifactReader",
    "Artifacts",
    "AsyncTaskType",
    "BatchSummary",
    "Context",
    "DeclarationError",
    "Installed",
    "Interruption",
    "Middleware",
    "Misfire",
    "OutcomeCallback",
    "PenstockError",
    "PermanentError",
    "Priority",
    "Provider",
    "Queue",
    "RateLimit",
    "RateLimitedError",
    "Recurrence",
    "RetryPolicy",
    "Schedule",
    "Secret",
    "SettingsReader",
    "Snooze",
    "SupersededError",
    "SyncArtifactReader",
    "SyncArtifacts",
    "SyncContext",
    "SyncTaskType",
    "TaskError",
    "TaskInterrupted",
    "TaskListener",
    "TaskOutcome",
    "TaskType",
    "TransientError",
    "UnitLimit",
    "task",
]
