"""Submitting tasks from application code, and following them."""

from penstock.client.client import Client
from penstock.client.errors import TaskFailedError, TaskNotFoundError, TaskStatusError
from penstock.client.handle import TaskHandle
from penstock.client.task_info import TaskInfo
from penstock.dispatch import QueueFullError, UserQueueFullError
from penstock.ledger import Status, TaskFilter, TaskSummary, Transition

__all__ = [
    "Client",
    "QueueFullError",
    "Status",
    "TaskFailedError",
    "TaskFilter",
    "TaskHandle",
    "TaskInfo",
    "TaskNotFoundError",
    "TaskStatusError",
    "TaskSummary",
    "Transition",
    "UserQueueFullError",
]
