"""What a task needs of a provider, as its task type says of its input."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from penstock.declarations import DeclarationError, Installed, Provider, TaskType
from penstock.declarations.provider_function import takes_installed
from penstock.dispatch.errors import InvalidInputError
from penstock.plugins import UnknownProviderError
from penstock.plugins.installed import InstalledPlugins

# What the ledger's column takes.
_MOST_UNITS = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """The provider that a task needs, and how many units of it, as estimated."""

    provider: str | None = None
    units: int | None = None


_NOTHING = Need()
_NOTHING_INSTALLED = InstalledPlugins()


def need_of(
    task_type: TaskType[Any, Any],
    value: Any,
    *,
    known: Collection[str],
    installed: Installed = _NOTHING_INSTALLED,
) -> Need:
    """What a task of ``task_type`` with the input ``value`` needs.

    Functions that the plugin gave are called here. What they raise is let through, but for a
    ``ValueError``, which is about the input.

    Args:
        task_type: that of the task.
        value: its decoded input.
        known: the names of all providers.
        installed: what a function with a second parameter is handed.

    Raises:
        UnknownProviderError: no loaded plugin declares the one that a function returned.
        DeclarationError: a function returned something else.
        InvalidInputError: a function does not want this input.
    """
    choice = task_type.provider
    if callable(choice):
        choice = _told(choice, value, installed)
    if choice is None:
        return _NOTHING
    if not isinstance(choice, str | Provider):
        message = (
            f"expected the function that tells the provider of task type {task_type.name!r} to "
            f"return a Provider, the name of one, or None, got {choice!r}"
        )
        raise DeclarationError(message)
    name = choice.name if isinstance(choice, Provider) else choice
    if name not in known:
        raise UnknownProviderError(name, known, task_type=task_type.name)
    return Need(provider=name, units=_units(task_type, value))


def _told(function: Callable[..., Any], value: Any, installed: Installed) -> Any:
    try:
        return function(value, installed) if takes_installed(function) else function(value)
    except DeclarationError:
        raise
    except ValueError as error:
        raise InvalidInputError("$", str(error)) from error


def _units(task_type: TaskType[Any, Any], value: Any) -> int | None:
    units = task_type.units
    if not callable(units):
        return units
    estimate: object = units(value)
    if not isinstance(estimate, int) or isinstance(estimate, bool) or estimate < 1:
        message = (
            f"expected the function that estimates the units of task type {task_type.name!r} to "
            f"return a whole number of at least 1, got {estimate!r}"
        )
        raise DeclarationError(message)
    return min(estimate, _MOST_UNITS)
