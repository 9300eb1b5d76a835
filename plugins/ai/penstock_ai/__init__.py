"""Penstock's ai plugin: documents from Markdown and templates.

Importing it imports declarations only; what renders is imported when a task runs.
"""

from typing import Any

import msgspec

from penstock import Queue, TaskType, hookimpl
from penstock_ai.document import document
from penstock_ai.queues import AI
from penstock_ai.router import AiRouter, get_ai_router
from penstock_ai.settings import AiSettings

__all__ = ["AiRouter", "get_ai_router"]


@hookimpl
def penstock_queues() -> list[Queue]:
    """The queue of everything that this plugin does."""
    return [AI]


@hookimpl
def penstock_tasks() -> list[TaskType[Any, Any]]:
    """The task types of this plugin."""
    return [document]


@hookimpl
def penstock_settings() -> list[type[msgspec.Struct]]:
    """The providers and models that an operator chooses."""
    return [AiSettings]
