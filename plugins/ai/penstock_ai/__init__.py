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
from penstock_ai.providers.builtin import BUILTIN_PROVIDER
from penstock_ai.providers.client import ModelClient
from penstock_ai.providers.failures import content_policy, http_failure, unreachable
from penstock_ai.providers.incomplete import IncompleteOutputError
from penstock_ai.providers.messages import (
    Completion,
    OnText,
    Picture,
    PicturePrompt,
    Prompt,
    Usage,
)
from penstock_ai.providers.model_provider import Capability, Model, ModelProvider
from penstock_ai.providers.openai_provider import OPENAI
from penstock_ai.queues import AI
from penstock_ai.router import AiRouter, get_ai_router
from penstock_ai.settings import AiSettings
from penstock_ai.text import text

__all__ = [
    "AiRouter",
    "Capability",
    "Completion",
    "IncompleteOutputError",
    "Model",
    "ModelClient",
    "ModelProvider",
    "OnText",
    "Picture",
    "PicturePrompt",
    "Prompt",
    "Usage",
    "content_policy",
    "get_ai_router",
    "http_failure",
    "unreachable",
]


@hookimpl
def penstock_queues() -> list[Queue]:
    """The queue of everything that this plugin does."""
    return [AI]


@hookimpl
def penstock_providers() -> list[Provider]:
    """Who answers prompts. There are no limits but those that an operator sets."""
    return [OPENAI, BUILTIN_PROVIDER]


@hookimpl
def penstock_tasks() -> list[TaskType[Any, Any]]:
    """The task types of this plugin."""
    return [text, image, document, code]


@hookimpl
def penstock_settings() -> list[type[msgspec.Struct]]:
    """The providers and models that an operator chooses."""
    return [AiSettings]
