"""Submitting tasks from application code, and following them."""

from penstock.client.client import Client
from penstock.client.errors import TaskFailedError, TaskNotFoundError, TaskStatusError
from penstock.client.handle import TaskHandle
from penstock.client.request import TaskRequest
from penstock.client.sync_client import SyncClient
from penstock.client.sync_handle import SyncTaskHandle
from penstock.client.task_info import TaskInfo
from penstock.dispatch import (
    BulkRefusedError,
    ForeignSessionError,
    QueueFullError,
    UserQueueFullError,
)
from penstock.ledger import IdempotencyKeyReusedError, TwinOpenError, TwinPendingError

__all__ = [
    "BulkRefusedError",
    "Client",
    "ForeignSessionError",
    "IdempotencyKeyReusedError",
    "QueueFullError",
    "SyncClient",
    "SyncTaskHandle",
    "TaskFailedError",
    "TaskHandle",
    "TaskInfo",
    "TaskNotFoundError",
    "TaskRequest",
    "TaskStatusError",
    "TwinOpenError",
    "TwinPendingError",
    "UserQueueFullError",
]
