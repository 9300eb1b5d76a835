"""Dispatch: the only room that holds ledger and engine together."""

from penstock.dispatch.artifacts import ArtifactStore, TaskArtifacts
from penstock.dispatch.batch_completion import BatchCompletion
from penstock.dispatch.batch_submission import BatchSubmission, CallbackSubmission
from penstock.dispatch.dispatch import Dispatch
from penstock.dispatch.errors import (
    BatchPartError,
    BatchSealedError,
    InputTooLargeError,
    InvalidInputError,
    InvalidPolicyError,
    QueueDrainingError,
    QueueFullError,
    UserQueueFullError,
)
from penstock.dispatch.policies import Policies
from penstock.dispatch.policy_watch import PolicyWatch
from penstock.dispatch.queue_control import QueueControl
from penstock.dispatch.reconciler import Reconciler
from penstock.dispatch.status import (
    Component,
    Health,
    PolicyValue,
    Purge,
    QueuePolicy,
    QueueStatus,
)
from penstock.dispatch.submission import Submission
from penstock.dispatch.task_batches import TaskBatches

__all__ = [
    "ArtifactStore",
    "BatchCompletion",
    "BatchPartError",
    "BatchSealedError",
    "BatchSubmission",
    "CallbackSubmission",
    "Component",
    "Dispatch",
    "Health",
    "InputTooLargeError",
    "InvalidInputError",
    "InvalidPolicyError",
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
    "Submission",
    "TaskArtifacts",
    "TaskBatches",
    "UserQueueFullError",
]
