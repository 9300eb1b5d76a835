"""The hooks that a plugin may implement.

Every hook is synchronous, free of side effects, and returns a list. Each plugin is asked on its
own, so that one that fails fails alone.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import pluggy

from penstock.declarations import Provider, Queue, Schedule, TaskType

PROJECT_NAME = "penstock"

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)
"""Marks a plugin's function as its answer to the hook of the same name."""


@hookspec
def penstock_queues() -> Sequence[Queue]:
    """The queues that this plugin brings."""
    raise NotImplementedError


@hookspec
def penstock_providers() -> Sequence[Provider]:
    """The providers that this plugin brings; task types of others may name them too."""
    raise NotImplementedError


@hookspec
def penstock_tasks() -> Sequence[TaskType[Any, Any]]:
    """The task types that this plugin brings."""
    raise NotImplementedError


@hookspec
def penstock_schedules() -> Sequence[Schedule]:
    """The tasks that are submitted again and again; an operator can pause each."""
    raise NotImplementedError


@hookspec
def penstock_settings() -> Sequence[type[msgspec.Struct]]:
    """What an operator can set of this plugin: frozen structs, each field with a default.

    Field ``model`` of plugin ``acme`` is read from ``PENSTOCK_ACME_MODEL``, or from ``model`` in
    table ``[plugins.acme]`` of ``penstock.toml``, and converted to the field's type: one text,
    number, boolean or choice. A field of type ``penstock.Secret`` is never shown. ``msgspec.Meta``
    on a field says more: ``description`` for people, and in ``extra`` the ``variable`` to read
    instead.
    Handlers get theirs by ``ctx.settings(…)``.
    """
    raise NotImplementedError
