"""Submitting tasks from application code, and following them."""

from penstock.client.client import Client
from penstock.client.errors import TaskFailedError, TaskNotFoundError, TaskStatusError
from penstock.client.handle import TaskHandle
from penstock.client.task_info import TaskInfo

__all__ = [
    "Client",
    "TaskFailedError",
    "TaskHandle",
    "TaskInfo",
    "TaskNotFoundError",
    "TaskStatusError",
]
