"""Dispatch: the only room that holds ledger and engine together."""

from penstock.dispatch.artifacts import ArtifactStore, TaskArtifacts
from penstock.dispatch.dispatch import Dispatch
from penstock.dispatch.errors import InvalidInputError, InvalidPolicyError, QueueDrainingError
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

__all__ = [
    "ArtifactStore",
    "Component",
    "Dispatch",
    "Health",
    "InvalidInputError",
    "InvalidPolicyError",
    "Policies",
    "PolicyValue",
    "PolicyWatch",
    "Purge",
    "QueueControl",
    "QueueDrainingError",
    "QueuePolicy",
    "QueueStatus",
    "Reconciler",
    "TaskArtifacts",
]
