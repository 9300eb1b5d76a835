"""Finds, loads and checks plugins; whatever cannot load is quarantined whole.

pluggy holds the hooks; loading is done here, one entry point at a time, because pluggy's own
loader stops at the first import error and does not catch ``SystemExit``.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import msgspec
import pluggy

from penstock.declarations import (
    Address,
    DeclarationError,
    Provider,
    Queue,
    Schedule,
    SyncTaskType,
    TaskType,
)
from penstock.declarations.type_parts import type_parts
from penstock.plugins import hookspecs
from penstock.plugins.catalogue import (
    Catalogue,
    Plugin,
    QuarantinedPlugin,
    UnknownProviderError,
    UnknownTaskTypeError,
)

ENTRY_POINT_GROUP = "penstock"
_RESERVED = {"provider", "queue", "task"}
_PLAIN = (
    msgspec.inspect.BoolType,
    msgspec.inspect.DecimalType,
    msgspec.inspect.EnumType,
    msgspec.inspect.FloatType,
    msgspec.inspect.IntType,
    msgspec.inspect.LiteralType,
    msgspec.inspect.Metadata,
    msgspec.inspect.NoneType,
    msgspec.inspect.StrType,
    msgspec.inspect.UnionType,
)


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """A plugin on its way in."""

    name: str
    distribution: str
    version: str
    module: object


def discover() -> Sequence[EntryPoint]:
    """The entry points of all installed plugins, by name."""
    return sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda each: each.name)


def load(candidates: Iterable[EntryPoint]) -> Catalogue:
    """Load each plugin, and build the catalogue of those that can be trusted.

    Never raises for a plugin's fault: a plugin that cannot be imported, misspells a hook, answers
    one wrongly, or takes a name that an earlier one has, is quarantined and the rest works.
    """
    plugins: list[Plugin] = []
    quarantined: list[QuarantinedPlugin] = []
    for entry_point in candidates:
        distribution = entry_point.dist
        name = distribution.name if distribution else entry_point.value
        version = distribution.version if distribution else "unknown"

        def reject(
            problems: Sequence[str],
            trace: str | None = None,
            *,
            entry: str = entry_point.name,
            name: str = name,
            version: str = version,
        ) -> None:
            quarantined.append(
                QuarantinedPlugin(
                    name=entry,
                    distribution=name,
                    version=version,
                    problems=problems,
                    traceback=trace,
                )
            )

        try:
            module = entry_point.load()
            candidate = _Candidate(
                name=entry_point.name, distribution=name, version=version, module=module
            )
            plugin, problems = _ask(candidate)
        # A plugin that fails in any way, sys.exit() included, must not take the host down.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            # Not by str(): that is the plugin's code as well.
            lines = traceback.format_exception_only(error)
            # A syntax error shows the place first, other errors their notes last.
            summary = lines[-1 if isinstance(error, SyntaxError) else 0].strip()
            reject([summary], traceback.format_exc())
            continue
        problems += _clashes(plugin, plugins)
        if problems:
            reject(problems)
        else:
            plugins.append(plugin)
    while unfit := {each.name: found for each in plugins if (found := _unmet(each, plugins))}:
        # Without these, others may miss a provider or a task type.
        quarantined += [
            QuarantinedPlugin(
                name=each.name,
                distribution=each.distribution,
                version=each.version,
                problems=unfit[each.name],
            )
            for each in plugins
            if each.name in unfit
        ]
        plugins = [each for each in plugins if each.name not in unfit]
    return Catalogue(plugins=tuple(plugins), quarantined=tuple(quarantined))


def _ask(candidate: _Candidate) -> tuple[Plugin, list[str]]:
    """Call the plugin's hooks, and list what is wrong with its answers."""
    manager = pluggy.PluginManager(hookspecs.PROJECT_NAME)
    manager.add_hookspecs(hookspecs)
    manager.register(candidate.module, name=candidate.name)
    problems = list(_misspelt_hooks(candidate, manager))
    queues = _answers(manager.hook.penstock_queues, Queue, problems)
    tasks = _answers(manager.hook.penstock_tasks, TaskType, problems)
    providers = _answers(manager.hook.penstock_providers, Provider, problems)
    schedules = _answers(manager.hook.penstock_schedules, Schedule, problems)
    settings = _answers(manager.hook.penstock_settings, type, problems)
    problems += _unusable_settings(settings)
    problems += _lost_handlers(tasks)
    plugin = Plugin(
        name=candidate.name,
        distribution=candidate.distribution,
        version=candidate.version,
        queues=tuple(queues),
        tasks=tuple(tasks),
        settings=tuple(settings),
        providers=tuple(providers),
        schedules=tuple(schedules),
    )
    return plugin, problems


def _misspelt_hooks(candidate: _Candidate, manager: pluggy.PluginManager) -> Iterable[str]:
    """Every implementation that no hook asks for; pluggy's own check reports only the first."""
    known = [each for each in vars(hookspecs) if each.startswith("penstock_")]
    for attribute in dir(candidate.module):
        options = manager.parse_hookimpl_opts(candidate.module, attribute)
        hook = attribute if options is None else options["specname"] or attribute
        if options is None or hook in known:
            continue
        near = get_close_matches(hook, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the hooks are {', '.join(known)}"
        yield f"there is no hook {hook!r}; {hint}"


def _answers(hook: pluggy.HookCaller, expected: type[Any], problems: list[str]) -> list[Any]:
    """The answer of the one registered plugin to one hook, checked."""
    found: list[Any] = []
    # Not by calling the hook: pluggy drops the answer None, which is a forgotten `return`.
    for implementation in hook.get_hookimpls():
        answer = implementation.function()
        if inspect.iscoroutine(answer):
            answer.close()
            problems.append(f"expected hook {hook.name!r} to be a plain function, got a coroutine")
        elif not isinstance(answer, list | tuple):
            problems.append(f"expected hook {hook.name!r} to return a list, got {answer!r}")
        else:
            for each in answer:
                if isinstance(each, expected):
                    found.append(each)
                else:
                    problems.append(
                        f"expected hook {hook.name!r} to return {expected.__name__} objects, "
                        f"got {each!r}"
                    )
    return found


def _lost_handlers(tasks: Sequence[TaskType[Any, Any]]) -> Iterable[str]:
    """``def`` handlers that their processes, which look them up by name, would not find."""
    for each in tasks:
        if not isinstance(each, SyncTaskType):
            continue
        address = Address.of(each.handler)
        try:
            found = address.find()
        except (ImportError, AttributeError):
            found = None
        if each.handler not in (found, getattr(found, "handler", None)):
            yield (
                f"the process of task type {each.name!r} would not find its handler: {address} is "
                f"{found!r}; leave the function, or the task type that '@task' makes of it, there"
            )


def _unusable_settings(kinds: Sequence[type[Any]]) -> Iterable[str]:
    """Settings that could not be filled from variables, or not be left out."""
    for kind in kinds:
        if not issubclass(kind, msgspec.Struct):
            yield (
                "expected hook 'penstock_settings' to return msgspec.Struct types, "
                f"got {kind.__qualname__}"
            )
            continue
        required = [each.name for each in msgspec.structs.fields(kind) if each.required]
        if required:
            yield (
                f"expected every field of settings {kind.__qualname__} to have a default, "
                f"got none for {', '.join(map(repr, required))}"
            )
            continue
        try:
            msgspec.convert({}, kind, strict=False)
            unfit = [each.name for each in msgspec.structs.fields(kind) if not _is_plain(each.type)]
        except (TypeError, msgspec.ValidationError) as error:
            yield f"settings {kind.__qualname__} cannot be filled: {error}"
            continue
        if unfit:
            yield (
                f"expected every field of settings {kind.__qualname__} to be one text, number, "
                f"boolean or choice, got others in {', '.join(map(repr, unfit))}"
            )


def _is_plain(kind: Any) -> bool:
    """Whether one variable can hold a value of this type."""
    return all(isinstance(each, _PLAIN) for each in type_parts(msgspec.inspect.type_info(kind)))


def _clashes(plugin: Plugin, earlier: Sequence[Plugin]) -> list[str]:
    """Names that another plugin took first, that occur twice, and queues that nobody declares."""
    problems: list[str] = []
    if plugin.name in _RESERVED:
        problems.append(
            f"the entry point is called {plugin.name!r}, which settings of Penstock's own start "
            "with; choose another name"
        )
    problems += [
        f"the entry point is called {plugin.name!r}, as that of {other.distribution} "
        f"{other.version} is already; choose another name"
        for other in earlier
        if other.name == plugin.name
    ]
    for kind, mine, attribute in (
        ("queue", [each.name for each in plugin.queues], "queues"),
        ("provider", [each.name for each in plugin.providers], "providers"),
        ("task type", [each.name for each in plugin.tasks], "tasks"),
        ("schedule", [each.name for each in plugin.schedules], "schedules"),
    ):
        problems += [
            f"declares {kind} {name!r} {mine.count(name)} times; names are unique"
            for name in sorted(set(mine))
            if mine.count(name) > 1
        ]
        for other in earlier:
            taken = {each.name for each in getattr(other, attribute)}
            problems += [
                f"declares {kind} {name!r}, which {other.distribution} {other.version} has already"
                for name in mine
                if name in taken
            ]
    for each in plugin.tasks:
        if each.queue not in plugin.queues:
            problems.append(
                f"task type {each.name!r} runs on queue {each.queue.name!r}, which this plugin "
                "does not return from penstock_queues; add it there"
            )
    return problems


def _unmet(plugin: Plugin, plugins: Sequence[Plugin]) -> list[str]:
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
    return problems + _unfit_schedules(plugin, plugins)


def _unfit_schedules(plugin: Plugin, plugins: Sequence[Plugin]) -> list[str]:
    """Schedules of task types that nobody declares, or that do not take their input."""
    known = {each.name: each for other in plugins for each in other.tasks}
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
