"""Submitting tasks from application code, and following them."""

from penstock.client.client import Client
from penstock.client.errors import TaskFailedError, TaskNotFoundError, TaskStatusError
from penstock.client.handle import TaskHandle
from penstock.client.task_event import TaskEvent
from penstock.client.task_info import TaskInfo
from penstock.dispatch import QueueFullError, UserQueueFullError

__all__ = [
    "Client",
    "QueueFullError",
    "TaskEvent",
    "TaskFailedError",
    "TaskHandle",
    "TaskInfo",
    "TaskNotFoundError",
    "TaskStatusError",
    "UserQueueFullError",
]
