"""What one plugin declares, checked by itself: whether it can be found, filled and honoured."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from penstock.declarations import Address, SyncTaskType, TaskType
from penstock.declarations.secret import is_secret
from penstock.declarations.type_parts import type_parts
from penstock.plugins import contradictions, faults
from penstock.plugins.catalogue import Plugin

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
_TEXT = (
    msgspec.inspect.Metadata,
    msgspec.inspect.NoneType,
    msgspec.inspect.StrType,
    msgspec.inspect.UnionType,
)


def faults_of(plugin: Plugin, *, complete: bool) -> Iterable[str]:
    """All that is wrong with the declarations of ``plugin``, whoever else is installed.

    ``complete`` says whether it could name them all.
    """
    yield from _unusable_settings(plugin.settings)
    yield from _lost_handlers(plugin.tasks)
    yield from _repeated(plugin)
    # What is missing because a hook failed would only be blamed a second time.
    if complete:
        yield from _homeless(plugin)
    for queue in plugin.queues:
        yield from contradictions.in_queue(queue)
    for each in plugin.tasks:
        if each.retry is not each.queue.retry:
            yield from contradictions.in_retry(each.retry, of=f"task type {each.name!r}")


def tasks_in(module: str) -> Sequence[TaskType[Any, Any]]:
    """What ``@task`` made in the package that ``module`` belongs to, as far as it is imported."""
    package = _package(module)
    found: dict[int, TaskType[Any, Any]] = {}
    for name, each in list(sys.modules.items()):
        if name == package or name.startswith(f"{package}."):
            found |= {
                id(value): value
                for value in list(vars(each).values())
                if isinstance(value, TaskType) and _is_inside(value.handler, package)
            }
    return list(found.values())


def _package(module: str) -> str:
    """The outermost package around ``module`` that is no namespace, which others may share."""
    parts = module.split(".")
    for number in range(1, len(parts)):
        name = ".".join(parts[:number])
        if getattr(sys.modules.get(name), "__file__", None) is not None:
            return name
    return module


def _is_inside(handler: Any, package: str) -> bool:
    # Task types that a module imports are those of another plugin.
    home = str(getattr(handler, "__module__", ""))
    return home == package or home.startswith(f"{package}.")


def _repeated(plugin: Plugin) -> Iterable[str]:
    """Names that it gives to two things of a kind."""
    for kind, names in plugin.names().items():
        for name in sorted(set(names)):
            if names.count(name) > 1:
                yield (
                    f"declares {kind} {name!r} {names.count(name)} times; names are unique: return "
                    "it once, or rename one"
                )


def _homeless(plugin: Plugin) -> Iterable[str]:
    """Task types on queues that it does not declare."""
    for each in plugin.tasks:
        if each.queue not in plugin.queues:
            yield (
                f"task type {each.name!r} runs on queue {each.queue.name!r}, which this plugin "
                "does not return from penstock_queues; add it there"
            )


def _lost_handlers(tasks: Sequence[TaskType[Any, Any]]) -> Iterable[str]:
    """``def`` handlers that their processes, which look them up by name, would not find."""
    for each in tasks:
        if not isinstance(each, SyncTaskType):
            continue
        address = Address.of(each.handler)
        try:
            found = address.find()
        except Exception:  # noqa: BLE001  (also of what the plugin's own code raises)
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
                f"got {kind.__qualname__}; make it a subclass of msgspec.Struct"
            )
            continue
        try:
            fields = msgspec.structs.fields(kind)
            unfit = [each.name for each in fields if not _is_plain(each.type)]
            visible = [
                each.name for each in fields if is_secret(each.type) and not _is_text(each.type)
            ]
            required = [each.name for each in fields if each.required]
            if not required:
                msgspec.convert({}, kind, strict=False)
        except KeyboardInterrupt:
            raise
        # Defaults, and what the struct checks when it is made, are the plugin's code.
        except BaseException as error:  # noqa: BLE001
            yield (
                f"settings {kind.__qualname__} cannot be filled with their defaults: "
                f"{faults.summary(error)}; use types that a variable can hold, and defaults that "
                "need nothing of the machine"
            )
            continue
        if required:
            yield (
                f"expected every field of settings {kind.__qualname__} to have a default, "
                f"got none for {', '.join(map(repr, required))}; give it one: what is not set must "
                "not keep a plugin from loading"
            )
            continue
        if unfit:
            yield (
                f"expected every field of settings {kind.__qualname__} to be one text, number, "
                f"boolean or choice, got others in {', '.join(map(repr, unfit))}; split it into "
                "several fields"
            )
        if visible:
            yield (
                f"expected every secret of settings {kind.__qualname__} to be a text, got others "
                f"in {', '.join(map(repr, visible))}, which could not be hidden; make them "
                "penstock.Secret, or penstock.Secret | None"
            )


def _is_text(kind: Any) -> bool:
    """Whether all that it may be is a text, or nothing."""
    return all(isinstance(each, _TEXT) for each in type_parts(msgspec.inspect.type_info(kind)))


def _is_plain(kind: Any) -> bool:
    """Whether one variable can hold a value of this type."""
    return all(isinstance(each, _PLAIN) for each in type_parts(msgspec.inspect.type_info(kind)))
