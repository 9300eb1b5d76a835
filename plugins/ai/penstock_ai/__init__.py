"""Penstock's ai plugin: text, images, documents and code, with a model or without.

Importing it imports declarations only; what renders, and what asks a model, is imported when a task
runs.
"""

from typing import Any

import msgspec

from penstock import Provider, Queue, TaskType, hookimpl
from penstock_ai.code import code
from penstock_ai.document import document
from penstock_ai.image import image
from penstock_ai.model_use import OPENAI
from penstock_ai.queues import AI
from penstock_ai.router import AiRouter, get_ai_router
from penstock_ai.settings import AiSettings
from penstock_ai.text import text

__all__ = ["AiRouter", "get_ai_router"]


@hookimpl
def penstock_queues() -> list[Queue]:
    """The queue of everything that this plugin does."""
    return [AI]


@hookimpl
def penstock_providers() -> list[Provider]:
    """The provider of models, which has no limits but those that an operator sets."""
    return [OPENAI]


@hookimpl
def penstock_tasks() -> list[TaskType[Any, Any]]:
    """The task types of this plugin."""
    return [text, image, document, code]


@hookimpl
def penstock_settings() -> list[type[msgspec.Struct]]:
    """The providers and models that an operator chooses."""
    return [AiSettings]
