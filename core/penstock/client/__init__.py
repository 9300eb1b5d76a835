"""Submitting tasks from application code, and following them."""

from penstock.client.batch_handle import BatchHandle, BatchInfo
from penstock.client.callback import Callback
from penstock.client.client import Client
from penstock.client.errors import (
    BatchNotFoundError,
    TaskFailedError,
    TaskNotFoundError,
    TaskStatusError,
)
from penstock.client.handle import TaskHandle
from penstock.client.request import TaskRequest
from penstock.client.sync_client import SyncClient
from penstock.client.sync_handle import SyncBatchHandle, SyncTaskHandle
from penstock.client.task_event import TaskEvent
from penstock.client.task_info import TaskInfo
from penstock.dispatch import (
    BatchPartError,
    BatchSealedError,
    BulkRefusedError,
    ForeignSessionError,
    QueueFullError,
    UserQueueFullError,
)
from penstock.ledger import (
    IdempotencyKeyReusedError,
    Status,
    TaskFilter,
    TaskSummary,
    Transition,
    TwinOpenError,
    TwinPendingError,
)

__all__ = [
    "BatchHandle",
    "BatchInfo",
    "BatchNotFoundError",
    "BatchPartError",
    "BatchSealedError",
    "BulkRefusedError",
    "Callback",
    "Client",
    "ForeignSessionError",
    "IdempotencyKeyReusedError",
    "QueueFullError",
    "Status",
    "SyncBatchHandle",
    "SyncClient",
    "SyncTaskHandle",
    "TaskEvent",
    "TaskFailedError",
    "TaskFilter",
    "TaskHandle",
    "TaskInfo",
    "TaskNotFoundError",
    "TaskRequest",
    "TaskStatusError",
    "TaskSummary",
    "Transition",
    "TwinOpenError",
    "TwinPendingError",
    "UserQueueFullError",
]
