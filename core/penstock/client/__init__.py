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
from penstock.client.task_info import TaskInfo
from penstock.dispatch import (
    BatchPartError,
    BatchSealedError,
    QueueFullError,
    UserQueueFullError,
)

__all__ = [
    "BatchHandle",
    "BatchInfo",
    "BatchNotFoundError",
    "BatchPartError",
    "BatchSealedError",
    "Callback",
    "Client",
    "QueueFullError",
    "TaskFailedError",
    "TaskHandle",
    "TaskInfo",
    "TaskNotFoundError",
    "TaskRequest",
    "TaskStatusError",
    "UserQueueFullError",
]
