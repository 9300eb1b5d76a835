"""Penstock's ai plugin: documents from Markdown and templates.

Importing it imports declarations only; what renders is imported when a task runs.
"""

from typing import Any

from penstock import Queue, TaskType, hookimpl
from penstock_ai.document import document
from penstock_ai.queues import AI
from penstock_ai.router import AiRouter, get_ai_router

__all__ = ["AiRouter", "get_ai_router"]


@hookimpl
def penstock_queues() -> list[Queue]:
    """The queue of everything that this plugin does."""
    return [AI]


@hookimpl
def penstock_tasks() -> list[TaskType[Any, Any]]:
    """The task types of this plugin."""
    return [document]
