"""Asking one plugin its hooks, and listing all that is wrong with how it answers.

pluggy marks the hooks. Calling them is done here, one implementation at a time, because a call by
pluggy ends at the first that raises, and drops the answer ``None``, which is a forgotten return.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pluggy

from penstock.declarations import (
    Middleware,
    Provider,
    Queue,
    Schedule,
    TaskListener,
    TaskType,
)
from penstock.near_names import hint, nearest
from penstock.plugins import faults, hookspecs

_PREFIX = "penstock_"
_LONGEST = 200
ANSWERS: dict[str, type[Any]] = {
    "penstock_queues": Queue,
    "penstock_providers": Provider,
    "penstock_tasks": TaskType,
    "penstock_schedules": Schedule,
    "penstock_settings": type,
    "penstock_middlewares": Middleware,
    "penstock_task_events": TaskListener,
}
"""What each hook returns a list of."""

_ORIGINS = {
    "penstock_queues": "make one with Queue(…)",
    "penstock_providers": "make one with Provider(…)",
    "penstock_tasks": "decorate the function with @task(…)",
    "penstock_schedules": "make one with Schedule(…)",
    "penstock_settings": "return the struct itself, not one of its values",
    "penstock_middlewares": "make one with Middleware(name, make=…)",
    "penstock_task_events": "make one with TaskListener(name, open=…)",
}


@dataclass
class Inquiry:
    """What a plugin said.

    Attributes:
        answers: by hook; of those that it implements, what is of the right type.
        problems: what is wrong with the others, or with how they are implemented.
        traceback: of the last hook that raised.
    """

    answers: dict[str, list[Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    traceback: str | None = None


class _Implementation(NamedTuple):
    hook: str
    attribute: str
    function: Callable[..., Any]


def inquire(plugin: object) -> Inquiry:
    """Call each hook that ``plugin``, a module or an object, implements."""
    found = Inquiry()
    for each in _implementations(plugin, found.problems):
        fault = _unfit(each)
        if fault is None:
            found.answers.setdefault(each.hook, []).extend(_answer(each, found))
        else:
            found.problems.append(fault)
    return found


def _implementations(plugin: object, problems: list[str]) -> Iterable[_Implementation]:
    """The implementations of hooks; those of no hook there is are problems."""
    markers = pluggy.PluginManager(hookspecs.PROJECT_NAME)
    for attribute in dir(plugin):
        options = markers.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            if _looks_like_a_hook(plugin, attribute):
                meant = nearest(attribute, ANSWERS, prefix=_PREFIX)
                problems.append(
                    f"function {attribute!r} is no implementation of hook {meant!r}, though it is "
                    "called like one; mark it with @hookimpl, or give it another name"
                )
            continue
        hook = options["specname"] or attribute
        if hook in ANSWERS:
            if options["wrapper"] or options["hookwrapper"]:
                problems.append(
                    f"expected hook {hook!r} to answer for its own plugin, got a wrapper of what "
                    "others answer; mark it with @hookimpl alone"
                )
            else:
                yield _Implementation(hook, attribute, getattr(plugin, attribute))
        # An optional one may be of a newer Penstock.
        elif not options["optionalhook"]:
            problems.append(
                f"there is no hook {hook!r}; {hint(hook, ANSWERS, prefix=_PREFIX, of='the hooks')}"
            )


def _looks_like_a_hook(plugin: object, attribute: str) -> bool:
    if not attribute.startswith(_PREFIX) or not inspect.isroutine(getattr(plugin, attribute, None)):
        return False
    near = nearest(attribute, ANSWERS, prefix=_PREFIX)
    return near is not None and abs(len(near) - len(attribute)) <= 1


def _unfit(implementation: _Implementation) -> str | None:
    """Why an implementation cannot be called at all."""
    hook, _, function = implementation
    if inspect.iscoroutinefunction(function):
        kind = "an 'async def', which nobody awaits"
    elif inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        kind = "a generator"
    else:
        required = [
            str(each)
            for each in inspect.signature(function).parameters.values()
            if each.default is each.empty
        ]
        if not required:
            return None
        return (
            f"expected hook {hook!r} to take no arguments, got ({', '.join(required)}); remove "
            "them: settings are given to what a hook declares, when it runs"
        )
    return (
        f"expected hook {hook!r} to be a plain function, got {kind}; make it a 'def' that returns "
        "a list"
    )


def _answer(implementation: _Implementation, inquiry: Inquiry) -> list[Any]:
    """What an implementation returns, as far as it is of the right type."""
    hook, _, function = implementation
    expected = ANSWERS[hook]
    try:
        answer = function()
    except KeyboardInterrupt:
        raise
    # A hook that fails in any way, sys.exit() included, fails for its plugin alone.
    except BaseException as error:  # noqa: BLE001
        inquiry.traceback = faults.trace(error)
        inquiry.problems.append(
            f"hook {hook!r} raised {faults.summary(error)}; a hook only returns what was declared "
            f"already: mend it ({faults.WHERE}), or move what may fail into a handler"
        )
        return []
    if inspect.iscoroutine(answer):
        answer.close()
        inquiry.problems.append(
            f"expected hook {hook!r} to be a plain function, got a coroutine; make it a 'def' that "
            "returns a list"
        )
        return []
    if not isinstance(answer, list | tuple):
        remedy = "add the return" if answer is None else "return a list of them"
        inquiry.problems.append(
            f"expected hook {hook!r} to return a list, got {_shown(answer)}; {remedy}"
        )
        return []
    found = []
    for each in answer:
        if isinstance(each, expected):
            found.append(each)
        else:
            inquiry.problems.append(
                f"expected hook {hook!r} to return {_plural(expected)}, got {_shown(each)} in its "
                f"list; {_ORIGINS[hook]}"
            )
    return found


def _plural(kind: type[Any]) -> str:
    return "types" if kind is type else f"{kind.__name__} objects"


def _shown(value: object) -> str:
    """A value of the plugin's, however badly it prints, and not endlessly."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001
        text = f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
