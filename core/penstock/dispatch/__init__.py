"""Dispatch: the only room that holds ledger and engine together."""

from penstock.dispatch.artifacts import ArtifactStore, TaskArtifacts
from penstock.dispatch.dispatch import Dispatch
from penstock.dispatch.errors import (
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
from penstock.dispatch.submission import Submission

__all__ = [
    "ArtifactStore",
    "Component",
    "Dispatch",
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
    "ScheduleControl",
    "ScheduleDeclaredError",
    "ScheduleExistsError",
    "Scheduler",
    "Submission",
    "TaskArtifacts",
    "UnknownScheduleError",
    "UserQueueFullError",
]
