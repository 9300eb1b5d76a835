"""What a type is made of, as far as that decides who validates it: msgspec or pydantic."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, get_args, get_origin, get_type_hints, is_typeddict

import msgspec

_MARKS = {"pydantic", "annotated_types"}


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What stands anywhere in a type; not in the models, which see to their own fields.

    Attributes:
        models: what pydantic validates by itself: its models, dataclasses and types.
        marks: what only pydantic understands: annotations, and TypedDicts that are closed.
        structs: structs of msgspec's.
        metas: what only msgspec understands of an ``Annotated``.
    """

    models: list[Any] = field(default_factory=list)
    marks: list[Any] = field(default_factory=list)
    structs: list[Any] = field(default_factory=list)
    metas: list[Any] = field(default_factory=list)

    @property
    def is_of_pydantic(self) -> bool:
        """Whether pydantic has a say in it."""
        return bool(self.models or self.marks)

    @property
    def is_of_msgspec(self) -> bool:
        """Whether there is something in it that pydantic does not understand."""
        return bool(self.structs or self.metas)


def contents(kind: Any) -> Contents:
    """What is in ``kind``; nothing of pydantic's where nobody has imported that."""
    found = Contents()
    if _MARKS.isdisjoint(sys.modules):
        return found
    _look(kind, found, set())
    return found


def contents_of_model(model: Any) -> Contents:
    """What is in the fields of a model, and of the models in those."""
    found = Contents()
    seen: set[Any] = set()
    waiting = [model]
    while waiting:
        each = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        for info in getattr(each, "__pydantic_fields__", {}).values():
            _classify(info.metadata, found)
            _look(info.annotation, found, set())
        waiting += found.models
    return found


def _look(kind: Any, found: Contents, seen: set[int]) -> None:
    # `type X = …` of Python 3.12.
    kind = getattr(kind, "__value__", kind)
    if id(kind) in seen:
        return
    seen.add(id(kind))
    if get_origin(kind) is Annotated:
        inner, *metadata = get_args(kind)
        _classify(metadata, found)
        _look(inner, found, seen)
        return
    if isinstance(kind, type) and _is_of_pydantic(kind):
        found.models.append(kind)
        return
    for each in (get_origin(kind), *get_args(kind)):
        if each is not None:
            _look(each, found, seen)
    if isinstance(kind, type):
        _look_into(kind, found, seen)


def _look_into(kind: type, found: Contents, seen: set[int]) -> None:
    if issubclass(kind, msgspec.Struct):
        found.structs.append(kind)
    if hasattr(kind, "__pydantic_config__") or getattr(kind, "__closed__", None):
        found.marks.append(kind)
    if _has_fields(kind):
        for each in _hints(kind):
            _look(each, found, seen)


def _classify(metadata: Iterable[Any], found: Contents) -> None:
    for each in metadata:
        if isinstance(each, msgspec.Meta):
            found.metas.append(each)
        elif type(each).__module__.split(".")[0] in _MARKS or _is_of_pydantic(type(each)):
            found.marks.append(each)


def _is_of_pydantic(kind: type) -> bool:
    return hasattr(kind, "__get_pydantic_core_schema__") or hasattr(kind, "__pydantic_validator__")


def _has_fields(kind: type) -> bool:
    is_named_tuple = issubclass(kind, tuple) and hasattr(kind, "_fields")
    return (
        issubclass(kind, msgspec.Struct)
        or dataclasses.is_dataclass(kind)
        or is_typeddict(kind)
        or is_named_tuple
    )


def _hints(kind: type) -> Iterable[Any]:
    try:
        return get_type_hints(kind, include_extras=True).values()
    except (NameError, TypeError):
        # Whoever validates it says so, in better words.
        return []
