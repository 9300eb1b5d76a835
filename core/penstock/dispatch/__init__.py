"""Dispatch: the only room that holds ledger and engine together."""

from penstock.dispatch.artifacts import ArtifactStore, TaskArtifacts
from penstock.dispatch.dispatch import Dispatch
from penstock.dispatch.errors import (
    BulkRefusedError,
    ForeignSessionError,
    InputTooLargeError,
    InvalidInputError,
    InvalidPolicyError,
    InvalidTimeError,
    QueueDrainingError,
    QueueFullError,
    ScheduleDeclaredError,
    ScheduleExistsError,
    UnknownScheduleError,
    UserQueueFullError,
)
from penstock.dispatch.policies import Policies
from penstock.dispatch.policy_watch import PolicyWatch
from penstock.dispatch.queue_control import QueueControl
from penstock.dispatch.reconciler import Reconciler
from penstock.dispatch.schedule_control import ScheduleControl
from penstock.dispatch.scheduler import Scheduler
from penstock.dispatch.status import (
    Component,
    Health,
    PolicyValue,
    Purge,
    QueuePolicy,
    QueueStatus,
)
from penstock.dispatch.submission import RequestKey, Submission, Submitted

__all__ = [
    "ArtifactStore",
    "BulkRefusedError",
    "Component",
    "Dispatch",
    "ForeignSessionError",
    "Health",
    "InputTooLargeError",
    "InvalidInputError",
    "InvalidPolicyError",
    "InvalidTimeError",
    "Policies",
    "PolicyValue",
    "PolicyWatch",
    "Purge",
    "QueueControl",
    "QueueDrainingError",
    "QueueFullError",
    "QueuePolicy",
    "QueueStatus",
    "Reconciler",
    "RequestKey",
    "ScheduleControl",
    "ScheduleDeclaredError",
    "ScheduleExistsError",
    "Scheduler",
    "Submission",
    "Submitted",
    "TaskArtifacts",
    "UnknownScheduleError",
    "UserQueueFullError",
]
