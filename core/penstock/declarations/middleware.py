"""A taskiq middleware that a plugin brings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from penstock.declarations import checks
from penstock.declarations.settings_reader import SettingsReader

if TYPE_CHECKING:
    from taskiq import TaskiqMiddleware


@dataclass(frozen=True)
class Middleware:
    """A taskiq middleware, in force for all tasks of every worker process.

    One object serves all queues of a worker: its ``startup`` and ``shutdown`` are called once, for
    at most ten seconds each. If it cannot be made or started, the worker takes no tasks of its
    plugin, goes on with the others, and reports not ready.

    What it does counts for the tasks of everybody: each hook has ten seconds as well, and a task
    whose ``pre_execute`` raises, or takes longer, has failed an attempt. Its time-out and a cancel
    reach it there too. What ``on_error``, ``post_execute`` and ``post_save`` raise is only logged.

    Attributes:
        name: lower-case, unique within its plugin.
        make: makes it, once in each worker, from the operator's settings. What it needs that is
            slow to import is imported there: the API never calls it.
    """

    name: str
    _: KW_ONLY
    make: Callable[[SettingsReader], TaskiqMiddleware]

    def __post_init__(self) -> None:
        checks.name(self.name, of="middleware")
        checks.function(self.make, of=f"make of middleware {self.name!r}")
