"""The plugin under test, as it is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint
from typing import Any

from penstock.declarations import TaskType
from penstock.near_names import hint
from penstock.plugins import Catalogue, Plugin, discover
from penstock.testing import typed
from penstock.testing.contract.advice import BrokenPromiseError


class Subject:
    """A plugin, loaded as a worker loads it, and the inputs to try it with.

    Args:
        name: that of its entry point.
        catalogue: what is installed.
        examples: inputs by task type, one or a list of them, beside those that it declares.

    Raises:
        BrokenPromiseError: it is not installed, or was quarantined.
    """

    def __init__(self, name: str, catalogue: Catalogue, examples: Mapping[str, Any]) -> None:
        self.name = name
        self.catalogue = catalogue
        self.plugin = _loaded(name, catalogue)
        self._examples = examples
        unknown = examples.keys() - {each.name for each in self.plugin.tasks}
        if unknown:
            known = [each.name for each in self.plugin.tasks]
            raise BrokenPromiseError(
                f"examples of the test name task types that {self} does not have: "
                f"{', '.join(sorted(unknown))}; it has {', '.join(known)}"
            )

    def __str__(self) -> str:
        return f"plugin {self.name!r} ({self.plugin.distribution} {self.plugin.version})"

    def examples(self, task_type: TaskType[Any, Any]) -> Sequence[Any]:
        """The inputs of a task type that shall succeed, read from their JSON."""
        given = self._examples.get(task_type.name)
        if given is None:
            found = task_type.examples
        else:
            found = given if isinstance(given, list | tuple) else [given]
        return [_reread(task_type, each) for each in found]

    def fingerprint(self) -> object:
        """What it declares, to be compared with what it declares when asked again."""
        plugin = self.plugin
        return (
            plugin.queues,
            [(each.name, each.handler, each.queue, each.retry) for each in plugin.tasks],
            plugin.settings,
            plugin.providers,
            plugin.schedules,
        )


def entry_point(name: str) -> EntryPoint:
    """The entry point of the plugin of that name.

    Raises:
        BrokenPromiseError: nothing that is installed has it.
    """
    found = {each.name: each for each in discover()}
    if name not in found:
        raise BrokenPromiseError(
            f"no installed distribution has an entry point {name!r} in the group 'penstock'; "
            "install the plugin into this environment: pip install --editable . "
            f"({hint(name, found, of='installed')})"
        )
    return found[name]


def _loaded(name: str, catalogue: Catalogue) -> Plugin:
    for plugin in catalogue.plugins:
        if plugin.name == name:
            return plugin
    for each in catalogue.quarantined:
        if each.name == name:
            problems = "\n".join(f"  - {problem}" for problem in each.problems)
            raise BrokenPromiseError(
                f"plugin {name!r} ({each.distribution} {each.version}) does not load, so no worker "
                f"would run its tasks:\n{problems}\n{each.traceback or ''}"
            )
    entry_point(name)
    raise BrokenPromiseError(
        f"plugin {name!r} is installed, but not loaded; is it on a list of plugins to leave out?"
    )


def _reread(task_type: TaskType[Any, Any], example: Any) -> Any:
    return typed.input_from_json(task_type, typed.input_to_json(task_type, example))
