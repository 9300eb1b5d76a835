"""Dispatch: the only room that holds ledger and engine together."""

from penstock.dispatch.artifacts import ArtifactStore, TaskArtifacts
from penstock.dispatch.dispatch import Dispatch
from penstock.dispatch.errors import (
    InputTooLargeError,
    InvalidInputError,
    InvalidPolicyError,
    QueueDrainingError,
    QueueFullError,
    UserQueueFullError,
)
from penstock.dispatch.policies import Policies
from penstock.dispatch.policy_watch import PolicyWatch
from penstock.dispatch.pruner import Pruner
from penstock.dispatch.queue_control import QueueControl
from penstock.dispatch.reconciler import Reconciler
from penstock.dispatch.retention import Retention
from penstock.dispatch.status import (
    Component,
    Health,
    PolicyValue,
    Purge,
    QueuePolicy,
    QueueStatus,
)
from penstock.dispatch.submission import Submission
from penstock.dispatch.task_changes import CANCELLABLE, MOST_AT_ONCE, RETRYABLE, Swept

__all__ = [
    "CANCELLABLE",
    "MOST_AT_ONCE",
    "RETRYABLE",
    "ArtifactStore",
    "Component",
    "Dispatch",
    "Health",
    "InputTooLargeError",
    "InvalidInputError",
    "InvalidPolicyError",
    "Policies",
    "PolicyValue",
    "PolicyWatch",
    "Pruner",
    "Purge",
    "QueueControl",
    "QueueDrainingError",
    "QueueFullError",
    "QueuePolicy",
    "QueueStatus",
    "Reconciler",
    "Retention",
    "Submission",
    "Swept",
    "TaskArtifacts",
    "UserQueueFullError",
]
