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
from penstock.dispatch.event_hub import EventHub
from penstock.dispatch.listener import News
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

__all__ = [
    "ArtifactStore",
    "Component",
    "Dispatch",
    "EventHub",
    "Health",
    "InputTooLargeError",
    "InvalidInputError",
    "InvalidPolicyError",
    "News",
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
    "UserQueueFullError",
]
