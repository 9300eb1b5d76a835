"""Everything that the loaded plugins declared, looked up by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from penstock.declarations import (
    Middleware,
    PenstockError,
    Provider,
    Queue,
    Schedule,
    TaskListener,
    TaskType,
)
from penstock.near_names import hint, nearest
from penstock.plugins.installed import InstalledPlugins
from penstock.plugins.tuning import ENABLED, Fields, Tuning


@dataclass(frozen=True, kw_only=True)
class PluginIdentity:
    """Whose plugin it is. ``requires`` is what it says of Penstock: ``penstock>=0.1``."""

    name: str
    distribution: str
    version: str
    requires: str | None = None

    @property
    def title(self) -> str:
        """``plugin 'acme' (penstock-acme 1.2)``."""
        return f"plugin {self.name!r} ({self.distribution} {self.version})"


@dataclass(frozen=True, kw_only=True)
class Plugin(PluginIdentity):
    """A plugin that loaded: who it is and what it declared, by which hooks."""

    queues: Sequence[Queue]
    tasks: Sequence[TaskType[Any, Any]]
    settings: Sequence[type[msgspec.Struct]] = ()
    providers: Sequence[Provider] = ()
    schedules: Sequence[Schedule] = ()
    middlewares: Sequence[Middleware] = ()
    listeners: Sequence[TaskListener] = ()
    hooks: Sequence[str] = ()
    is_built_in: bool = False

    def names(self) -> Mapping[str, Sequence[str]]:
        """The names of what it declares, by what that is."""
        return {
            "queue": [each.name for each in self.queues],
            "provider": [each.name for each in self.providers],
            "task type": [each.name for each in self.tasks],
            "schedule": [each.name for each in self.schedules],
            "middleware": [each.name for each in self.middlewares],
            "task listener": [each.name for each in self.listeners],
        }


@dataclass(frozen=True, kw_only=True)
class AbsentPlugin(PluginIdentity):
    """A plugin that is installed and not loaded: none of its declarations count.

    ``queues`` and ``task_types`` are the names that it managed to say.
    """

    queues: Sequence[str] = ()
    task_types: Sequence[str] = ()
    traceback: str | None = None

    @property
    def reasons(self) -> Sequence[str]:
        """Why it is not there."""
        raise NotImplementedError

    @property
    def absence(self) -> str:
        """The same, in one line that says whose plugin it is."""
        raise NotImplementedError

    def claims(self, task_type: str) -> bool:
        """Whether a task type is its own, as far as can be told."""
        return task_type in self.task_types or task_type.startswith(f"{self.name}.")

    def claims_queue(self, queue: str) -> bool:
        """The same of a queue."""
        return queue == self.name or queue in self.queues


@dataclass(frozen=True, kw_only=True)
class QuarantinedPlugin(AbsentPlugin):
    """One that did not load; everybody else works."""

    problems: Sequence[str]

    @property
    def reasons(self) -> Sequence[str]:
        """See :class:`AbsentPlugin`."""
        return self.problems

    @property
    def absence(self) -> str:
        """See :class:`AbsentPlugin`."""
        return f"{self.title} is quarantined: {'; '.join(self.problems)}"


@dataclass(frozen=True, kw_only=True)
class DisabledPlugin(AbsentPlugin):
    """One that an operator does not want; it was not imported. ``reason`` says who says so."""

    reason: str

    @property
    def reasons(self) -> Sequence[str]:
        """See :class:`AbsentPlugin`."""
        return (self.reason,)

    @property
    def absence(self) -> str:
        """See :class:`AbsentPlugin`."""
        return f"{self.title} is not loaded: {self.reason}"


class _UnknownNameError(PenstockError, LookupError):
    """``suggestion`` is the nearest known name."""

    def __init__(self, message: str, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = sorted(known)
        self.suggestion = nearest(name, self.known)
        super().__init__(f"{message} {name!r}; {hint(name, self.known)}")


class UnknownTaskTypeError(_UnknownNameError):
    """No loaded plugin declares this task type. ``suggestion`` is the nearest known name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__("no installed plugin has a task type", name, known)


class UnknownQueueError(_UnknownNameError):
    """No loaded plugin declares this queue. ``suggestion`` is the nearest known name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__("no loaded plugin declares a queue", name, known)


class AbsentTaskTypeError(UnknownTaskTypeError):
    """A task type of a plugin that is installed, and quarantined or not wanted. Says why."""

    def __init__(self, name: str, plugin: AbsentPlugin) -> None:
        # Not the message of an unknown name: it is known whose it is.
        PenstockError.__init__(self, f"task type {name!r} cannot be had: {plugin.absence}")
        self.name = name
        self.known = []
        self.suggestion = None
        self.plugin = plugin


class AbsentQueueError(UnknownQueueError):
    """A queue of a plugin that is installed, and quarantined or not wanted. Says why."""

    def __init__(self, name: str, plugin: AbsentPlugin) -> None:
        # Not the message of an unknown name: it is known whose it is.
        PenstockError.__init__(self, f"queue {name!r} cannot be had: {plugin.absence}")
        self.name = name
        self.known = []
        self.suggestion = None


class ProviderNotFoundError(_UnknownNameError):
    """No loaded plugin declares this provider, which somebody asks about."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__("no loaded plugin declares a provider", name, known)


class UnknownProviderError(PenstockError, LookupError):
    """No loaded plugin declares this provider, which a task type asks for."""

    def __init__(self, name: str, known: Collection[str], *, task_type: str) -> None:
        super().__init__(
            f"task type {task_type!r} needs provider {name!r}, which no loaded plugin returns from "
            f"penstock_providers; {hint(name, known)}"
        )


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The declarations of all loaded plugins; names are unique across them.

    ``disabled_task_types`` are those that an operator has switched off: they are declared, and take
    no tasks and run none.
    """

    plugins: Sequence[Plugin]
    quarantined: Sequence[QuarantinedPlugin] = ()
    settings: Mapping[type[Any], Any] = field(default_factory=dict)
    """What the operator says of each plugin, by the type that it declares."""
    disabled: Sequence[DisabledPlugin] = ()
    disabled_task_types: frozenset[str] = frozenset()
    queues: Mapping[str, Queue] = field(init=False)
    providers: Mapping[str, Provider] = field(init=False)
    task_types: Mapping[str, TaskType[Any, Any]] = field(init=False)
    installed: InstalledPlugins = field(init=False)
    _owners: Mapping[str, Plugin] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        queues = {queue.name: queue for plugin in self.plugins for queue in plugin.queues}
        providers = {each.name: each for plugin in self.plugins for each in plugin.providers}
        tasks = {each.name: each for plugin in self.plugins for each in plugin.tasks}
        object.__setattr__(self, "queues", queues)
        object.__setattr__(self, "providers", providers)
        object.__setattr__(self, "task_types", tasks)
        installed = InstalledPlugins(
            settings_of=self.settings, provider_list=tuple(providers.values())
        )
        object.__setattr__(self, "installed", installed)
        owners = {each.name: plugin for plugin in self.plugins for each in plugin.tasks}
        object.__setattr__(self, "_owners", owners)

    def tuned(
        self, queues: Fields, providers: Fields | None = None, tasks: Fields | None = None
    ) -> Catalogue:
        """The same declarations with what an operator says over them.

        What is said of a task type stands over what is said of its queue.

        Args:
            queues: queue → field of :class:`Queue` → value. Fields of :class:`RetryPolicy` go to
                the policy of the queue and of all its task types.
            providers: provider → field of :class:`Provider` → value.
            tasks: task type → field of it or of its :class:`RetryPolicy`, or :data:`ENABLED` →
                value.

        Raises:
            DeclarationError: for what cannot be honoured.
        """
        if not (queues or providers or tasks):
            return self
        tuning = Tuning(queues, providers or {}, tasks or {})
        said = {name: each[ENABLED] for name, each in (tasks or {}).items() if ENABLED in each}
        return Catalogue(
            plugins=[
                replace(
                    each,
                    queues=tuple(map(tuning.queue, each.queues)),
                    providers=tuple(map(tuning.provider, each.providers)),
                    tasks=tuple(map(tuning.task_type, each.tasks)),
                )
                for each in self.plugins
            ],
            quarantined=self.quarantined,
            settings=self.settings,
            disabled=self.disabled,
            disabled_task_types=(self.disabled_task_types - said.keys())
            | {name for name, is_enabled in said.items() if not is_enabled},
        )

    def user_weights(self, queue: str) -> Mapping[str, float]:
        """The shares of the users of ``queue``; none of a queue that nobody declares any more."""
        return self.queues[queue].user_weights if queue in self.queues else {}

    def task_type(self, name: str) -> TaskType[Any, Any]:
        """The task type of that name.

        Raises:
            UnknownTaskTypeError: with the nearest known name; an :class:`AbsentTaskTypeError` if it
                is one of a plugin that did not load.
        """
        try:
            return self.task_types[name]
        except KeyError:
            for plugin in self.absent:
                if plugin.claims(name):
                    raise AbsentTaskTypeError(name, plugin) from None
            raise UnknownTaskTypeError(name, list(self.task_types)) from None

    def queue(self, name: str) -> Queue:
        """The queue of that name.

        Raises:
            UnknownQueueError: with the nearest known name; an :class:`AbsentQueueError` if it is
                one of a plugin that did not load.
        """
        try:
            return self.queues[name]
        except KeyError:
            for plugin in self.absent:
                if plugin.claims_queue(name):
                    raise AbsentQueueError(name, plugin) from None
            raise UnknownQueueError(name, list(self.queues)) from None

    def provider(self, name: str) -> Provider:
        """The provider of that name.

        Raises:
            ProviderNotFoundError: with the nearest known name.
        """
        try:
            return self.providers[name]
        except KeyError:
            raise ProviderNotFoundError(name, list(self.providers)) from None

    @property
    def absent(self) -> Sequence[AbsentPlugin]:
        """The plugins that are installed and not loaded."""
        return (*self.quarantined, *self.disabled)

    def absence(self, queue: str) -> str | None:
        """Why ``queue``, which no loaded plugin declares, may be missing, if that is known.

        The queues of a plugin that could not say anything are not known. So while one is
        quarantined, any name may be one of its queues'.
        """
        for plugin in self.absent:
            if plugin.claims_queue(queue):
                return plugin.absence
        if self.quarantined:
            suspects = "; ".join(each.absence for each in self.quarantined)
            return f"no loaded plugin declares it, and {suspects}"
        return None

    def owner_of(self, task_type: str) -> Plugin:
        """The plugin that declares a task type.

        Raises:
            UnknownTaskTypeError: with the nearest known name.
        """
        try:
            return self._owners[task_type]
        except KeyError:
            raise UnknownTaskTypeError(task_type, list(self.task_types)) from None
