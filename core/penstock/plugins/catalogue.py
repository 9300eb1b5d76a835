"""Everything that the loaded plugins declared, looked up by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import msgspec

from penstock.declarations import PenstockError, Queue, TaskType


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A plugin that loaded: who it is and what it declared."""

    name: str
    distribution: str
    version: str
    queues: Sequence[Queue]
    tasks: Sequence[TaskType[Any, Any]]
    settings: Sequence[type[msgspec.Struct]] = ()


@dataclass(frozen=True, kw_only=True)
class QuarantinedPlugin:
    """A plugin that did not load: none of its declarations count, and everybody else works."""

    name: str
    distribution: str
    version: str
    problems: Sequence[str]
    traceback: str | None = None


class UnknownTaskTypeError(PenstockError, LookupError):
    """No loaded plugin declares this task type. ``suggestion`` is the nearest known name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = sorted(known)
        self.suggestion = next(iter(get_close_matches(name, self.known, n=1)), None)
        hint = (
            f"did you mean {self.suggestion!r}?"
            if self.suggestion
            else f"known are {', '.join(map(repr, self.known)) or 'none'}"
        )
        super().__init__(f"no installed plugin has a task type {name!r}; {hint}")


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The declarations of all loaded plugins; names are unique across them."""

    plugins: Sequence[Plugin]
    quarantined: Sequence[QuarantinedPlugin] = ()
    queues: Mapping[str, Queue] = field(init=False)
    task_types: Mapping[str, TaskType[Any, Any]] = field(init=False)

    def __post_init__(self) -> None:
        queues = {queue.name: queue for plugin in self.plugins for queue in plugin.queues}
        tasks = {each.name: each for plugin in self.plugins for each in plugin.tasks}
        object.__setattr__(self, "queues", queues)
        object.__setattr__(self, "task_types", tasks)

    def task_type(self, name: str) -> TaskType[Any, Any]:
        """The task type of that name.

        Raises:
            UnknownTaskTypeError: with the nearest known name.
        """
        try:
            return self.task_types[name]
        except KeyError:
            raise UnknownTaskTypeError(name, list(self.task_types)) from None
