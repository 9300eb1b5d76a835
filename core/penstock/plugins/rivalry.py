"""What plugins declare, checked against each other: names that two want, and what is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any

from penstock.declarations import DeclarationError, Provider, TaskType, setting_names
from penstock.declarations.checks import name as check_name
from penstock.plugins.catalogue import Plugin, UnknownProviderError, UnknownTaskTypeError
from penstock.plugins.selection import BUILT_IN

RESERVED = {"plugins", "provider", "queue", "task"}
"""Words that settings of Penstock's own start with, and no plugin's name."""
_RESERVED = tuple(map(setting_names.prefix, sorted(RESERVED)))
# Whose names only have to be unique within their plugin.
_PRIVATE = {"middleware", "task listener"}


def unfit_name(plugin: Plugin, earlier: Plugin | None) -> Iterable[str]:
    """Why ``plugin`` cannot be called so, beside an ``earlier`` one of the same name, if any."""
    name = plugin.name
    try:
        check_name(name, of="plugin")
    except DeclarationError as error:
        yield f"{error}; rename its entry point in pyproject.toml"
    word = name.partition("-")[0]
    if word in RESERVED:
        yield (
            f"the entry point is called {name!r}, and settings of Penstock's own start with "
            f"{setting_names.prefix(word)}; choose another name"
        )
    owner = BUILT_IN.get(name)
    if owner is not None and not plugin.is_built_in:
        yield (
            f"the entry point is called {name!r}, which is the name of {owner}; choose another name"
        )
    elif earlier is not None:
        yield (
            f"the entry point is called {name!r}, as that of {earlier.distribution} "
            f"{earlier.version} is already; choose another name, or uninstall one of them"
        )


def taken_variables(plugin: Plugin, own: Collection[str]) -> Iterable[str]:
    """Settings that would be given what an operator says of Penstock, whose ``own`` those are."""
    for field, variable in _variables(plugin):
        if variable in own or variable.startswith(_RESERVED):
            yield (
                f"setting {field!r} would be read from {variable}, which says something of "
                "Penstock itself; rename the field, or the plugin"
            )


class Names:
    """Who has which name.

    One that begins with a plugin's own name is that plugin's. Any other one is kept by whoever came
    first, and those that are built in come first.

    Args:
        plugins: those whose own names are kept for them.
    """

    def __init__(self, plugins: Iterable[Plugin]) -> None:
        self._owners: dict[tuple[str, str], Plugin] = {}
        # The longest name first: "ai-acme.run" is not for plugin "ai".
        for plugin in sorted(plugins, key=lambda each: -len(each.name)):
            for wanted in _wanted(plugin):
                if _is_own(plugin.name, wanted[1]):
                    self._owners.setdefault(wanted, plugin)

    def add(self, plugin: Plugin) -> None:
        """Give ``plugin`` all the names that it wants."""
        self._owners |= dict.fromkeys(_wanted(plugin), plugin)

    def clashes(self, plugin: Plugin) -> Iterable[str]:
        """The names that ``plugin`` cannot have."""
        for kind, name in _wanted(plugin):
            other = self._owners.get((kind, name), plugin)
            if other.name == plugin.name:
                continue
            owner = f"{other.distribution} {other.version}"
            if kind == "setting":
                yield (
                    f"would read {name}, which {owner} reads already; rename the field, or disable "
                    "one of the two"
                )
            else:
                yield (
                    f"declares {kind} {name!r}, which {owner} has already; rename it, for instance "
                    f"{_prefixed(plugin.name, name)!r}, or disable one of the two"
                )


class Offered:
    """What plugins bring for all, for others to name."""

    def __init__(self, plugins: Iterable[Plugin]) -> None:
        self._providers: dict[str, Provider] = {}
        self._task_types: dict[str, TaskType[Any, Any]] = {}
        for each in plugins:
            self._providers |= {provider.name: provider for provider in each.providers}
            self._task_types |= {task.name: task for task in each.tasks}

    def unmet(self, plugin: Plugin) -> Iterable[str]:
        """What ``plugin`` names that is not there, or is other than it thinks."""
        known = self._providers
        for each in plugin.tasks:
            wanted = each.provider
            if isinstance(wanted, str) and wanted not in known:
                yield str(UnknownProviderError(wanted, known, task_type=each.name))
            elif isinstance(wanted, Provider) and known.get(wanted.name) != wanted:
                yield (
                    f"task type {each.name!r} needs provider {wanted.name!r}, which no plugin "
                    "returns like this from penstock_providers; add it there, or name the provider "
                    f"of another plugin: provider={wanted.name!r}"
                )
        for schedule in plugin.schedules:
            found = self._task_types.get(schedule.task_type)
            if found is None:
                unknown = UnknownTaskTypeError(schedule.task_type, list(self._task_types))
                yield f"schedule {schedule.name!r}: {unknown}"
                continue
            try:
                schedule.require_fit(found)
            except DeclarationError as error:
                yield str(error)


def _wanted(plugin: Plugin) -> Iterable[tuple[str, str]]:
    for kind, names in plugin.names().items():
        if kind not in _PRIVATE:
            for name in dict.fromkeys(names):
                yield kind, name
    # The others, like OPENAI_API_KEY, are named on purpose, and may be shared.
    for name in sorted({variable for _, variable in _variables(plugin)}):
        if name.startswith("PENSTOCK_"):
            yield "setting", name


def _variables(plugin: Plugin) -> Iterable[tuple[str, str]]:
    """Each field of its settings, and what says it; of those that cannot be read, nothing."""
    for kind in plugin.settings:
        with suppress(Exception):  # which is told of it already
            yield from setting_names.variables(plugin.name, kind)


def _is_own(plugin: str, name: str) -> bool:
    beginnings = (f"{plugin}.", f"{plugin}-", setting_names.prefix(plugin))
    return name == plugin or name.startswith(beginnings)


def _prefixed(plugin: str, name: str) -> str:
    return f"{plugin}.{name.rpartition('.')[2]}" if "." in name else f"{plugin}-{name}"
