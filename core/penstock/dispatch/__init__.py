"""Dispatch: the only room that holds ledger and engine together."""

from penstock.dispatch.artifacts import ArtifactStore, TaskArtifacts
from penstock.dispatch.dispatch import Dispatch
from penstock.dispatch.errors import (
    InputTooLargeError,
    InvalidInputError,
    QueueFullError,
    UserQueueFullError,
)
from penstock.dispatch.reconciler import Reconciler
from penstock.dispatch.status import Component, Health, QueueStatus

__all__ = [
    "ArtifactStore",
    "Component",
    "Dispatch",
    "Health",
    "InputTooLargeError",
    "InvalidInputError",
    "QueueFullError",
    "QueueStatus",
    "Reconciler",
    "TaskArtifacts",
    "UserQueueFullError",
]
