"""The type of an input, an output or a checkpoint: JSON to values of it, and back.

Struct, dataclass and TypedDict are msgspec's to validate; whatever holds a model of pydantic's is
pydantic's. A type that holds structs and models both is msgspec's, and the models in it are
pydantic's. So each keeps to the rules that its author knows of it, like which further fields it
takes: they are skipped, unless it says ``forbid_unknown_fields=True`` or ``extra="forbid"``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from penstock.declarations import definitions, json_form
from penstock.declarations.type_contents import contents
from penstock.declarations.unfit import Fault, UnfitError

Use = Literal["input", "output"]
"""Whether callers write it and handlers read it, or the other way round."""

# msgspec ends its messages with where it found the fault: "... - at `$.width`".
_PLACE = re.compile(r"^(?P<message>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)


class DataType(ABC):
    """A type that has JSON and a JSON Schema.

    Attributes:
        kind: the type, as annotated.
    """

    kind: Any

    @abstractmethod
    def decode(self, text: bytes | str) -> Any:
        """The value that ``text`` holds.

        Raises:
            UnfitError: naming all that is wrong, as far as it can be known at once.
        """

    @abstractmethod
    def encode(self, value: Any) -> bytes:
        """``value`` as JSON.

        Raises:
            TypeError, ValueError, msgspec.MsgspecError, RecursionError: it has no JSON form.
        """

    @abstractmethod
    def canonical(self, value: Any) -> bytes:
        """``value`` as JSON that is the same for equal values, in every process."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """Its JSON Schema (2020-12); named parts of it are in ``$defs``."""

    def convert(self, value: Any) -> Any:
        """The value that stands for ``value``, which was decoded from JSON as plain data.

        Raises:
            UnfitError: naming all that is wrong.
        """
        return self.decode(msgspec.json.encode(value))


def data_type(kind: Any, use: Use = "input") -> DataType:
    """The data type of an annotation.

    Raises:
        TypeError: it has no JSON, no JSON Schema, or asks for what would not be honoured; the
            message says what to do.
    """
    found = contents(kind)
    if not found.is_of_pydantic:
        return MsgspecType(kind)
    # Only a plugin that uses pydantic pays for it.
    from penstock.declarations import pydantic_type  # noqa: PLC0415

    if found.is_of_msgspec:
        return MsgspecType(kind, pydantic_type.hooks(found, use))
    return pydantic_type.PydanticType(kind, use)


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """How msgspec treats types that are none of its own.

    Attributes:
        decode: the value of a type that stands for plain data; raises :class:`UnfitError`.
        encode: the JSON of such a value.
        schema: the JSON Schema of a type, with its own ``$defs``.
    """

    decode: Callable[[type, Any], Any]
    encode: Callable[[Any], msgspec.Raw]
    schema: Callable[[type], dict[str, Any]]


class MsgspecType(DataType):
    """One that msgspec validates, but for what ``hooks`` see to.

    Raises:
        TypeError: as :func:`data_type`.
    """

    def __init__(self, kind: Any, hooks: Hooks | None = None) -> None:
        self.kind = kind
        self._hooks = hooks
        self._decoder = msgspec.json.Decoder(kind, dec_hook=hooks.decode if hooks else None)
        self._schema = self._made_schema()

    def decode(self, text: bytes | str) -> Any:
        """See :meth:`DataType.decode`; msgspec stops at the first fault."""
        try:
            return self._decoder.decode(text)
        except msgspec.DecodeError as error:
            raise UnfitError(faults(error)) from error
        except RecursionError as error:
            raise UnfitError([Fault("$", f"not readable as JSON: {error}")]) from error

    def encode(self, value: Any) -> bytes:
        """See :meth:`DataType.encode`."""
        hook = self._hooks.encode if self._hooks else json_form.of_pydantic
        return msgspec.json.encode(value, enc_hook=hook)

    def canonical(self, value: Any) -> bytes:
        """See :meth:`DataType.canonical`."""
        if self._hooks is None:
            return msgspec.json.encode(value, order="sorted")
        return msgspec.json.encode(msgspec.json.decode(self.encode(value)), order="sorted")

    def schema(self) -> dict[str, Any]:
        """See :meth:`DataType.schema`."""
        return self._schema

    def _made_schema(self) -> dict[str, Any]:
        if self._hooks is None:
            return msgspec.json.schema(self.kind)
        return definitions.with_foreign(
            lambda hook: msgspec.json.schema(self.kind, schema_hook=hook), self._hooks.schema
        )


def faults(error: msgspec.DecodeError) -> list[Fault]:
    """What ``error`` says, and where."""
    found = _PLACE.match(str(error))
    message, path = (found["message"], found["path"]) if found else (str(error), None)
    inner = error.__cause__
    if isinstance(inner, UnfitError):
        return [Fault((path or "$") + each.path[1:], each.message) for each in inner.faults]
    return [Fault(path or "$", message)]
