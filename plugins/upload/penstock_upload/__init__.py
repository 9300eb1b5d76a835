"""Penstock's upload plugin."""

from typing import Any

from penstock import Queue, TaskType, hookimpl
from penstock_upload.queues import UPLOAD


@hookimpl
def penstock_queues() -> list[Queue]:
    """The queue of everything that this plugin does."""
    return [UPLOAD]


@hookimpl
def penstock_tasks() -> list[TaskType[Any, Any]]:
    """The task types of this plugin."""
    return []
