"""Penstock's video plugin: storyboards to videos, rendered on the worker itself.

Importing it imports declarations only; what draws and encodes is imported when a task runs.
"""

from typing import Any

from penstock import Queue, TaskType, hookimpl
from penstock_video.generate import generate
from penstock_video.queues import VIDEO


@hookimpl
def penstock_queues() -> list[Queue]:
    """The queue of everything that this plugin does."""
    return [VIDEO]


@hookimpl
def penstock_tasks() -> list[TaskType[Any, Any]]:
    """The task types of this plugin."""
    return [generate]
