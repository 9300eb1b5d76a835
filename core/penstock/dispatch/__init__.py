"""Dispatch: the only room that holds ledger and engine together."""

from penstock.dispatch.abandoned_batches import AbandonedBatches
from penstock.dispatch.artifacts import ArtifactStore, TaskArtifacts
from penstock.dispatch.batch_completion import BatchCompletion
from penstock.dispatch.batch_submission import BatchSubmission, CallbackSubmission
from penstock.dispatch.dispatch import Dispatch
from penstock.dispatch.errors import (
    BatchPartError,
    BatchSealedError,
    BulkRefusedError,
    ForeignSessionError,
    InputTooLargeError,
    InvalidInputError,
    InvalidPolicyError,
    InvalidTermError,
    QueueDrainingError,
    QueueFullError,
    ScheduleDeclaredError,
    ScheduleExistsError,
    TaskTypeDisabledError,
    UnexpectedError,
    UnknownScheduleError,
    UserQueueFullError,
)
from penstock.dispatch.event_hub import EventHub
from penstock.dispatch.explanation import explain
from penstock.dispatch.listener import News
from penstock.dispatch.policies import Policies
from penstock.dispatch.policy_control import PolicyControl
from penstock.dispatch.policy_watch import PolicyWatch
from penstock.dispatch.pruner import Pruner
from penstock.dispatch.queue_control import QueueControl
from penstock.dispatch.reconciler import Reconciler
from penstock.dispatch.retention import Retention
from penstock.dispatch.schedule_control import ScheduleControl
from penstock.dispatch.scheduler import Scheduler
from penstock.dispatch.status import (
    Claim,
    Component,
    ExplainedValue,
    Health,
    PolicyValue,
    ProviderPolicy,
    Purge,
    QueuePolicy,
    QueueStatus,
    TaskPolicy,
)
from penstock.dispatch.submission import RequestKey, Submission, Submitted
from penstock.dispatch.task_batches import TaskBatches
from penstock.dispatch.task_changes import CANCELLABLE, MOST_AT_ONCE, RETRYABLE, Swept

__all__ = [
    "CANCELLABLE",
    "MOST_AT_ONCE",
    "RETRYABLE",
    "AbandonedBatches",
    "ArtifactStore",
    "BatchCompletion",
    "BatchPartError",
    "BatchSealedError",
    "BatchSubmission",
    "BulkRefusedError",
    "CallbackSubmission",
    "Claim",
    "Component",
    "Dispatch",
    "EventHub",
    "ExplainedValue",
    "ForeignSessionError",
    "Health",
    "InputTooLargeError",
    "InvalidInputError",
    "InvalidPolicyError",
    "InvalidTermError",
    "News",
    "Policies",
    "PolicyControl",
    "PolicyValue",
    "PolicyWatch",
    "ProviderPolicy",
    "Pruner",
    "Purge",
    "QueueControl",
    "QueueDrainingError",
    "QueueFullError",
    "QueuePolicy",
    "QueueStatus",
    "Reconciler",
    "RequestKey",
    "Retention",
    "ScheduleControl",
    "ScheduleDeclaredError",
    "ScheduleExistsError",
    "Scheduler",
    "Submission",
    "Submitted",
    "Swept",
    "TaskArtifacts",
    "TaskBatches",
    "TaskPolicy",
    "TaskTypeDisabledError",
    "UnexpectedError",
    "UnknownScheduleError",
    "UserQueueFullError",
    "explain",
]
