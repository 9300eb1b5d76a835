"""What is installed, for people and programs: the same on the command line and over the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from penstock.plugins.catalogue import AbsentPlugin, Catalogue, DisabledPlugin, Plugin


class PluginView(msgspec.Struct, frozen=True, kw_only=True):
    """An installed plugin, and what it brings, by name.

    ``state`` is ``loaded``, ``quarantined`` (with its ``problems``, and a ``traceback`` if its code
    failed) or ``disabled`` (with the operator's word in ``problems``). To its ``problems``
    `penstock plugins check` adds what is wrong with its settings. ``requires`` is what it says of
    Penstock. ``settings`` are the variables that it reads; their values are never shown.
    """

    name: str
    distribution: str
    version: str
    requires: str | None
    state: Literal["loaded", "quarantined", "disabled"]
    built_in: bool = False
    hooks: list[str] = []
    queues: list[str] = []
    task_types: list[str] = []
    providers: list[str] = []
    schedules: list[str] = []
    settings: list[str] = []
    middlewares: list[str] = []
    listeners: list[str] = []
    problems: list[str] = []
    traceback: str | None = None

    @property
    def brings(self) -> Sequence[tuple[str, Sequence[str]]]:
        """The names of what it brings, by the word for what that is."""
        return [
            ("queue", self.queues),
            ("task type", self.task_types),
            ("provider", self.providers),
            ("schedule", self.schedules),
            ("setting", self.settings),
            ("middleware", self.middlewares),
            ("listener", self.listeners),
        ]


def inventory(catalogue: Catalogue, variables: Mapping[str, Sequence[str]]) -> Sequence[PluginView]:
    """All installed plugins: those that loaded, the quarantined ones, the unwanted ones.

    Args:
        catalogue: what was loaded.
        variables: the names of each plugin's settings, by its own.
    """
    return [
        *(_loaded(each, variables.get(each.name, ())) for each in catalogue.plugins),
        *map(_absent, catalogue.absent),
    ]


def _loaded(plugin: Plugin, variables: Sequence[str]) -> PluginView:
    names = plugin.names()
    return PluginView(
        name=plugin.name,
        distribution=plugin.distribution,
        version=plugin.version,
        requires=plugin.requires,
        state="loaded",
        built_in=plugin.is_built_in,
        hooks=list(plugin.hooks),
        queues=list(names["queue"]),
        task_types=list(names["task type"]),
        providers=list(names["provider"]),
        schedules=list(names["schedule"]),
        settings=list(variables),
        middlewares=list(names["middleware"]),
        listeners=list(names["task listener"]),
    )


def _absent(plugin: AbsentPlugin) -> PluginView:
    unwanted = isinstance(plugin, DisabledPlugin)
    return PluginView(
        name=plugin.name,
        distribution=plugin.distribution,
        version=plugin.version,
        requires=plugin.requires,
        state="disabled" if unwanted else "quarantined",
        queues=list(plugin.queues),
        task_types=list(plugin.task_types),
        problems=list(plugin.reasons),
        traceback=plugin.traceback,
    )
