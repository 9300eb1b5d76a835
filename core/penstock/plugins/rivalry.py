"""What plugins declare, checked against each other: names that two want, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from penstock.declarations import DeclarationError, Provider, TaskType
from penstock.declarations.checks import name as check_name
from penstock.plugins.catalogue import Plugin, UnknownProviderError, UnknownTaskTypeError
from penstock.plugins.selection import BUILT_IN

RESERVED = {"plugins", "provider", "queue", "task"}
"""Names that settings of Penstock's own start with."""
# Whose names only have to be unique within their plugin.
_PRIVATE = {"middleware", "task listener"}


class Names:
    """Who has which name. Whoever came first keeps it, and those that are built in come first."""

    def __init__(self) -> None:
        self._owners: dict[tuple[str, str], Plugin] = {}

    def add(self, plugin: Plugin) -> None:
        """Give ``plugin`` all the names that it wants."""
        self._owners |= dict.fromkeys(_wanted(plugin), plugin)

    def clashes(self, plugin: Plugin) -> Iterable[str]:
        """The names that ``plugin`` cannot have."""
        yield from _unfit_name(plugin)
        for kind, name in _wanted(plugin):
            other = self._owners.get((kind, name))
            if other is None:
                continue
            owner = f"{other.distribution} {other.version}"
            if kind == "plugin":
                yield (
                    f"the entry point is called {name!r}, as that of {owner} is already; choose "
                    f"another name, or uninstall one of them"
                )
            else:
                yield (
                    f"declares {kind} {name!r}, which {owner} has already; rename it, for instance "
                    f"{_prefixed(plugin.name, name)!r}, or disable one of the two"
                )


def unmet(plugin: Plugin, plugins: Sequence[Plugin]) -> list[str]:
    """What it names of others' that is not there, or is other than it thinks."""
    known = {provider.name: provider for each in plugins for provider in each.providers}
    problems: list[str] = []
    for each in plugin.tasks:
        wanted = each.provider
        if isinstance(wanted, str) and wanted not in known:
            problems.append(str(UnknownProviderError(wanted, known, task_type=each.name)))
        elif isinstance(wanted, Provider) and known.get(wanted.name) != wanted:
            problems.append(
                f"task type {each.name!r} needs provider {wanted.name!r}, which no plugin returns "
                "like this from penstock_providers; add it there, or name the provider of another "
                f"plugin: provider={wanted.name!r}"
            )
    types = {each.name: each for other in plugins for each in other.tasks}
    return problems + _unfit_schedules(plugin, types)


def _wanted(plugin: Plugin) -> Iterable[tuple[str, str]]:
    yield "plugin", plugin.name
    for kind, names in plugin.names().items():
        if kind not in _PRIVATE:
            for name in dict.fromkeys(names):
                yield kind, name


def _unfit_name(plugin: Plugin) -> Iterable[str]:
    name = plugin.name
    try:
        check_name(name, of="plugin")
    except DeclarationError as error:
        yield f"{error}; rename its entry point in pyproject.toml"
    if name in RESERVED:
        yield (
            f"the entry point is called {name!r}, which settings of Penstock's own start with; "
            "choose another name"
        )
    owner = BUILT_IN.get(name)
    if owner is not None and not plugin.is_built_in:
        yield (
            f"the entry point is called {name!r}, which is the name of {owner}; choose another name"
        )


def _prefixed(plugin: str, name: str) -> str:
    return f"{plugin}.{name.rpartition('.')[2]}" if "." in name else f"{plugin}-{name}"


def _unfit_schedules(plugin: Plugin, known: Mapping[str, TaskType[Any, Any]]) -> list[str]:
    """Schedules of task types that nobody declares, or that do not take their input."""
    problems: list[str] = []
    for each in plugin.schedules:
        found = known.get(each.task_type)
        if found is None:
            unknown = UnknownTaskTypeError(each.task_type, list(known))
            problems.append(f"schedule {each.name!r}: {unknown}")
            continue
        try:
            each.require_fit(found)
        except DeclarationError as error:
            problems.append(str(error))
    return problems
