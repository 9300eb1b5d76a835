"""What pydantic validates, by its own rules; imported for plugins that use pydantic alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import msgspec
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from penstock.declarations import json_form, unfit
from penstock.declarations.data_type import DataType, Hooks, Use, faults
from penstock.declarations.places import join
from penstock.declarations.type_contents import Contents, contents_of_model
from penstock.declarations.unfit import Fault, UnfitError

_Mode = Literal["validation", "serialization"]
_NO_MEMBER = {"missing": unfit.missing, "extra_forbidden": unfit.unknown}


class PydanticType(DataType):
    """A model, or a type that holds models and no structs of msgspec's.

    Raises:
        TypeError: as :func:`~penstock.declarations.data_type.data_type`.
    """

    def __init__(self, kind: Any, use: Use) -> None:
        self.kind = kind
        self._use = use
        try:
            # Of pydantic's own exceptions some are a RuntimeError.
            self._adapter: TypeAdapter[Any] = TypeAdapter(kind)
            read, written = self._schema("validation"), self._schema("serialization")
        except (RuntimeError, NameError) as error:
            raise TypeError(str(error)) from error
        self._own_schema = read if use == "input" else written
        _check_marks(kind)
        _check_reading_back(read, written, use)

    def decode(self, text: bytes | str) -> Any:
        """See :meth:`DataType.decode`; all faults are found."""
        try:
            # pydantic takes NaN and half a surrogate pair, which no database does.
            plain = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise UnfitError(faults(error)) from error
        except RecursionError as error:
            raise UnfitError([Fault("$", f"not readable as JSON: {error}")]) from error
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            raise UnfitError(list(_faults(error, plain))) from error

    def encode(self, value: Any) -> bytes:
        """See :meth:`DataType.encode`; also a ValueError of an output that is none of its type."""
        is_input = self._use == "input"
        try:
            text = self._adapter.dump_json(
                value, by_alias=True, round_trip=is_input, warnings="error"
            )
        except ValueError:
            if not is_input:
                raise
            # An input may be given as plain data; whether it fits is seen when it is accepted.
            text = json_form.to_json(value)
        if b"NaN" in text or b"Infinity" in text:
            # A model may ask for them, but they are no JSON.
            msgspec.json.decode(text)
        return text

    def canonical(self, value: Any) -> bytes:
        """See :meth:`DataType.canonical`."""
        # By way of Python, so that sets are known as such, and sorted.
        plain = self._adapter.dump_python(value, by_alias=True, round_trip=True)
        return msgspec.json.encode(plain, order="sorted", enc_hook=to_jsonable_python)

    def schema(self) -> dict[str, Any]:
        """See :meth:`DataType.schema`; of what it reads as an input, and writes as an output."""
        return self._own_schema

    def _schema(self, mode: _Mode) -> dict[str, Any]:
        # By this method a model has a name, wherever it stands.
        found, shared = TypeAdapter.json_schemas([("it", mode, self._adapter)])
        return {**found["it", mode], **shared}


def hooks(found: Contents, use: Use) -> Hooks:
    """How msgspec treats the models in a type of its own.

    Args:
        found: what is in the type.
        use: what the type is for.

    Raises:
        TypeError: msgspec would pass over some of it.
    """
    if found.marks:
        message = (
            f"{found.marks[0]!r} has no effect here, as the type also holds "
            f"{_shown((*found.structs, *found.metas))}, and is msgspec's to validate; put it into "
            "a pydantic model, or write it as msgspec.Meta"
        )
        raise TypeError(message)
    for each in found.models:
        if hasattr(each, "__dataclass_fields__"):
            message = (
                f"msgspec would fill pydantic's dataclass {each.__qualname__} without its "
                "validators; make it a pydantic model or a plain dataclass"
            )
            raise TypeError(message)

    types: dict[type, PydanticType] = {}

    def type_of(kind: type) -> PydanticType:
        if kind not in types:
            types[kind] = PydanticType(kind, use)
        return types[kind]

    return Hooks(
        decode=lambda kind, plain: type_of(kind).convert(plain),
        encode=lambda value: msgspec.Raw(type_of(type(value)).encode(value)),
        schema=lambda kind: type_of(kind).schema(),
    )


def _faults(error: ValidationError, plain: Any) -> Iterator[Fault]:
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        place, message = each["loc"], each["msg"]
        if (say := _NO_MEMBER.get(each["type"])) is not None and place:
            yield Fault(_path(place[:-1], plain), say(str(place[-1])))
        else:
            yield Fault(_path(place, plain), message)


def _path(place: Sequence[str | int], plain: Any) -> str:
    """Where that is in the JSON; pydantic also tells branches of unions, which are not there."""
    path = "$"
    for step in place:
        if isinstance(plain, dict) and str(step) in plain:
            path, plain = join(path, str(step)), plain[str(step)]
        elif isinstance(plain, list) and isinstance(step, int) and step < len(plain):
            path, plain = f"{path}[{step}]", plain[step]
    return path


def _check_marks(kind: Any) -> None:
    """Refuse what stands in a model, and pydantic passes over."""
    found = contents_of_model(kind)
    if found.is_of_msgspec:
        message = (
            f"pydantic does not know {_shown((*found.structs, *found.metas))}; make a Struct "
            "a pydantic model, and a Meta a pydantic.Field"
        )
        raise TypeError(message)


def _check_reading_back(read: dict[str, Any], written: dict[str, Any], use: Use) -> None:
    """Refuse what would be written so that nobody could read it: all values are stored as JSON."""
    for name, reader in read.get("$defs", {}).items():
        writer = written.get("$defs", {}).get(name)
        if writer is None or "properties" not in reader:
            continue
        given, taken = writer.get("properties", {}), reader["properties"]
        secret = [each for each in taken if taken[each].get("writeOnly")]
        if secret:
            message = (
                f"field {secret[0]!r} of {name} is written as asterisks, so a handler would never "
                "see it, and inputs are stored as they are; declare a setting of the plugin instead"
            )
            raise TypeError(message)
        lost = [each for each in reader.get("required", ()) if each not in given]
        if lost:
            message = (
                f"field {lost[0]!r} of {name} is required, but not written under that name; give "
                "it one alias for both ways (Field(alias=…)), no exclude=True, or a default"
            )
            raise TypeError(message)
        if reader.get("additionalProperties", True) is not False:
            continue
        extra = [
            each
            for each in given
            if each not in taken and not (use == "input" and given[each].get("readOnly"))
        ]
        if extra:
            message = (
                f"field {extra[0]!r} of {name} is written, but not read, and extra='forbid' "
                "refuses it; leave out the computed field, or use extra='ignore'"
            )
            raise TypeError(message)


def _shown(parts: Iterable[Any]) -> str:
    return ", ".join(each.__qualname__ if isinstance(each, type) else repr(each) for each in parts)
