"""JSON Schemas put together: equal definitions are one, different ones of one name are told apart.

Each schema comes with its own ``$defs``. Where two plugins have an ``Image`` each, the one that
comes first keeps the name, and the other gets that of its owner in front of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import count
from typing import Any

Schema = dict[str, Any]

_OWN = "#/$defs/"


class Definitions:
    """The definitions of many schemas, by names that are unique among them.

    Args:
        reference: how they are referred to, as ``#/components/schemas/{name}``.
        taken: names that others have.

    Attributes:
        all: each of them, by its name.
    """

    def __init__(self, reference: str, taken: Collection[str] = ()) -> None:
        self.all: dict[str, Schema] = {}
        self._reference = reference
        self._taken = set(taken)
        self._names: dict[tuple[str, str], str] = {}

    def add(self, schema: Schema, *, owner: str) -> Schema:
        """Take the definitions out of ``schema``; returns what is left, which refers to them.

        Args:
            schema: with its ``$defs``.
            owner: what tells them from others of the same name.
        """
        own: Mapping[str, Schema] = schema.get("$defs", {})
        names = {each: self._name(each, own, owner) for each in own}
        targets = {_OWN + old: self._reference.format(name=new) for old, new in names.items()}
        for old, new in names.items():
            self.all[new] = _renamed(own[old], targets)
        rest = {key: each for key, each in schema.items() if key != "$defs"}
        renamed: Schema = _renamed(rest, targets)
        return renamed

    def _name(self, name: str, own: Mapping[str, Schema], owner: str) -> str:
        text = json.dumps(closure(name, own), sort_keys=True, default=repr)
        found = self._names.get((name, text))
        if found is None:
            found = next(each for each in _candidates(name, owner) if each not in self._taken)
            self._names[name, text] = found
            self._taken.add(found)
        return found


def with_foreign(
    generate: Callable[[Callable[[type], Schema]], Schema], foreign: Callable[[type], Schema]
) -> Schema:
    """A schema with parts that somebody else describes.

    Args:
        generate: makes the schema by a hook that it asks for each foreign type.
        foreign: the schema of such a type, with its ``$defs``.
    """
    kinds: list[type] = []

    def hook(kind: type) -> Schema:
        if kind not in kinds:
            kinds.append(kind)
        # Its definitions have no place before those around it are known.
        return {"$ref": f"{_FOREIGN}{kinds.index(kind)}"}

    outside = generate(hook)
    gathered = Definitions(_OWN + "{name}")
    root = gathered.add(outside, owner="")
    parts: dict[str, Schema] = {}
    for index, kind in enumerate(kinds):
        parts[f"{_FOREIGN}{index}"] = gathered.add(foreign(kind), owner=kind.__module__)
    whole: Schema = _filled({**root, "$defs": gathered.all}, parts)
    return whole


_FOREIGN = "foreign:"


def _candidates(name: str, owner: str) -> Iterator[str]:
    yield name
    longer = f"{owner}.{name}"
    yield longer
    for number in count(2):
        yield f"{longer}.{number}"


def closure(name: str, own: Mapping[str, Schema]) -> dict[str, Schema]:
    """A definition with all that it refers to: equal names do not make equal schemas."""
    found: dict[str, Schema] = {}
    waiting = [name]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found[each] = own[each]
            waiting += [target for target in references(own[each]) if target in own]
    return found


def references(part: Any) -> Iterator[str]:
    """The names of the definitions that ``part`` refers to."""
    if isinstance(part, Mapping):
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list | tuple):
        for each in part:
            yield from references(each)
    elif isinstance(part, str) and part.startswith(_OWN):
        yield part.removeprefix(_OWN)


def _renamed(part: Any, targets: Mapping[str, str]) -> Any:
    """``part`` with other references; a discriminator's mapping holds some, too."""
    if isinstance(part, Mapping):
        return {key: _renamed(each, targets) for key, each in part.items()}
    if isinstance(part, list | tuple):
        return [_renamed(each, targets) for each in part]
    return targets.get(part, part) if isinstance(part, str) else part


def _filled(part: Any, parts: Mapping[str, Schema]) -> Any:
    """``part`` with each reference to one of ``parts`` replaced by it."""
    if isinstance(part, Mapping):
        reference = part.get("$ref")
        if isinstance(reference, str) and reference in parts:
            return {**parts[reference], **{key: part[key] for key in part if key != "$ref"}}
        return {key: _filled(each, parts) for key, each in part.items()}
    if isinstance(part, list | tuple):
        return [_filled(each, parts) for each in part]
    return part
