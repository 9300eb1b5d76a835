"""A plugin for Penstock: what it brings, and nothing that takes long to import."""

from typing import Any

import msgspec
from penstock import Queue, TaskType, hookimpl

from penstock_seedling.count_words import count_words
from penstock_seedling.queues import SEEDLING
from penstock_seedling.settings import SeedlingSettings


@hookimpl
def penstock_queues() -> list[Queue]:
    """The queue that the tasks wait in."""
    return [SEEDLING]


@hookimpl
def penstock_tasks() -> list[TaskType[Any, Any]]:
    """What can be asked for."""
    return [count_words]


@hookimpl
def penstock_settings() -> list[type[msgspec.Struct]]:
    """What an operator can set."""
    return [SeedlingSettings]
