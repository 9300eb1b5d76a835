"""The hooks that a plugin may implement.

Every hook is synchronous, free of side effects, and returns a list. Each plugin is asked on its
own, so that one that fails fails alone.
"""

from collections.abc import Sequence
from typing import Any

import pluggy

from penstock.declarations import Queue, TaskType

PROJECT_NAME = "penstock"

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)
"""Marks a plugin's function as its answer to the hook of the same name."""


@hookspec
def penstock_queues() -> Sequence[Queue]:
    """The queues that this plugin brings."""
    raise NotImplementedError


@hookspec
def penstock_tasks() -> Sequence[TaskType[Any, Any]]:
    """The task types that this plugin brings."""
    raise NotImplementedError
